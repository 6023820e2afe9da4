import { type Context, ROOT_CONTEXT, type Span, SpanKind } from '@opentelemetry/api';
import {
  configure,
  createTracing,
  flush,
  type FlushResult,
  type LiveSpan,
  startSpan,
  traceTask,
  withSpan,
} from '../src/index.ts';
import { same } from './decorators/types.ts';

// Checked by the compiler, never run. What must not compile is marked; a mark without its error is one.

interface Job {
  readonly id: string;
  readonly headers: Record<string, string>;
}
declare const work: (job: Job, attempt?: number) => Promise<string>;
declare function generic<T extends object, K extends keyof T>(value: T, key: K): Promise<T[K]>;
declare function overloaded(id: string): string;
declare function overloaded(id: number, radix: number): Promise<number>;
declare function bound(this: Job, times: number): void;

export async function tasks(job: Job): Promise<void> {
  // The function itself comes back: nothing about its type is rebuilt.
  same<typeof work, ReturnType<typeof traceTask<typeof work>>>();
  const traced: typeof work = traceTask(work, 'work');
  const key: number = await traceTask(generic)({ total: 1 }, 'total');
  const one: string = traceTask(overloaded)('a');
  const two: Promise<number> = traceTask(overloaded)(1, 2);
  traceTask(bound).call(job, key);
  // @ts-expect-error `this` has to be a job
  traceTask(bound)(1);
  // @ts-expect-error the first parameter is a job
  await traced('a');
  // @ts-expect-error the key has to be one of the object's
  await traceTask(generic)({ total: 1 }, 'id');

  // Hooks see the function's own types, without a word of annotation.
  traceTask(work, {
    name: (given, attempt) => same<[Job, number | undefined], [typeof given, typeof attempt]>() ?? given.id,
    attributes: ({ id }, attempt) => ({ id, attempt }),
    resultAttributes: (value) => (same<string, typeof value>(), { value }),
    signal: (given) => (same<Job, typeof given>(), undefined),
    from: (given) => given.headers,
    kind: SpanKind.CONSUMER,
    waitUntil: (flushed) => same<Promise<FlushResult>, typeof flushed>(),
  });
  traceTask(work, { from: (): Context => ROOT_CONTEXT, flush: 'await', ignoreErrors: RangeError });

  // @ts-expect-error not a function
  traceTask('work');
  // @ts-expect-error there is no such option
  traceTask(work, { flsh: 'await' });
  // @ts-expect-error there is no such mode
  traceTask(work, { flush: 'always' });
  // @ts-expect-error a name is a string
  traceTask(work, { name: () => 1 });
  // @ts-expect-error a job has no such field
  traceTask(work, { attributes: (given) => ({ given: given.nothing }) });
  await Promise.all([one, two]);
}

export async function spans(): Promise<void> {
  const now = withSpan('now', (span) => (same<Span, typeof span>(), 7 as const));
  const later = withSpan({ name: 'later', resultAttributes: (n) => ({ n }) }, async () => now);
  same<7, typeof now>();
  same<Promise<7>, typeof later>();
  // @ts-expect-error nothing to run
  withSpan('empty');
  // @ts-expect-error `from` is an option of tasks
  withSpan({ from: 'wrap' }, () => 1);

  using live = startSpan('manual');
  await using other = startSpan({ name: 'other', timeoutMs: 10 });
  same<LiveSpan, typeof live>();
  const answer = live.run(() => 'a' as const);
  same<'a', typeof answer>();
  other.fail(new Error('no'));

  const result = await flush({ timeoutMs: 5, signal: AbortSignal.timeout(1) });
  if (result.status === 'failed') same<unknown, typeof result.error>();
  // @ts-expect-error only an aborted flush has a reason
  void result.reason;
  // @ts-expect-error a flush is limited by `timeoutMs`
  await flush({ timeout: 5 });

  configure({ attributeNames: { error: null, outcome: 'task.outcome' }, enabled: () => true });
  // @ts-expect-error there is no such mode
  createTracing({ exceptionEvents: 'never' });
}
