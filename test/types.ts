/* oxlint-disable typescript/no-explicit-any, no-new -- as queues and frameworks declare themselves */
import { type Context, ROOT_CONTEXT, type Span, SpanKind } from '@opentelemetry/api';
import { type Job as BullJob, Worker } from 'bullmq';
import type PQueue from 'p-queue';
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
import { bullmq, lambda, pgBoss, sqs } from '../src/jobs/index.ts';
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
    waitUntil: (flushed, ...args) => (
      same<Promise<FlushResult>, typeof flushed>(),
      same<[...Parameters<typeof work>, ...any[]], typeof args>()
    ),
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

// As queues and frameworks declare themselves.
type Handler = (job: Job, context: { left(): number }) => Promise<{ state: 'sent' | 'late' }>;
interface Settled<T> {
  readonly id: string;
  readonly data: T;
}
declare class Consumer<T = any> {
  constructor(name: string, processor?: string | ((job: Settled<T>) => Promise<unknown>) | null);
}
declare function schema<T>(): { parse(value: unknown): T };
declare function tool<I, O>(definition: {
  inputSchema: { parse(value: unknown): I };
  execute?: (input: I, options: { signal?: AbortSignal }) => PromiseLike<O>;
}): { input: I; output: O };
interface Requested<P, Body = any> {
  readonly params: P;
  readonly body: Body;
}
interface Route<P, Body = any> {
  (request: Requested<P, Body>, response: { send(body: Body): void }): unknown;
}
declare function get<Path extends string, P = { path: Path }, Body = any>(
  path: Path,
  ...routes: Route<P, Body>[]
): void;

interface BossJob<T> {
  readonly id: string;
  readonly data: T;
  readonly signal: AbortSignal;
}
declare function boss<T>(queue: string, handler: (jobs: BossJob<T>[]) => Promise<unknown>): Promise<string>;

// Presets take the types of the function that they are for, whose own options see its arguments.
export async function presets(): Promise<void> {
  const count = async (job: BullJob<Job>): Promise<number> => job.data.id.length;
  const plain = traceTask(count, bullmq());
  const own = traceTask(
    count,
    bullmq({
      timeoutMs: ({ data }) => data.id.length,
      cancellable: true,
      attributes: (job) => (same<BullJob<Job>, typeof job>(), { id: job.data.id }),
      resultAttributes: (size) => (same<number, typeof size>(), { size }),
    }),
  );
  same<typeof count, typeof plain>();
  same<typeof count, typeof own>();
  new Worker<Job, number>(
    'mail',
    traceTask(
      async (job, _token, signal) => {
        same<[BullJob<Job, number>, AbortSignal | undefined], [typeof job, typeof signal]>();
        return job.data.id.length;
      },
      bullmq({ timeoutMs: 5 }),
    ),
  );
  await boss<Job>(
    'mail',
    traceTask(async (jobs) => same<BossJob<Job>[], typeof jobs>(), pgBoss({ timeoutMs: 5 })),
  );
  const handler = traceTask(
    async (event: Job, context: { left(): number }) => event.id + context.left(),
    lambda(),
  );
  same<(event: Job, context: { left(): number }) => Promise<string>, typeof handler>();
  // @ts-expect-error there is no such option
  sqs({ tiemoutMs: 5 });
  // @ts-expect-error a job has no such field
  traceTask(count, bullmq({ attributes: (job) => ({ given: job.nothing }) }));
}

// What a host hands over and the function does not declare, its hooks see all the same.
interface Invocation {
  left(): number;
  waitUntil(promise: Promise<unknown>): void;
}
type Lambda<E = any, R = any> = (
  event: E,
  context: Invocation,
  callback: (error?: Error | null, result?: R) => void,
) => void | Promise<R>;
export const undeclared: Lambda[] = [
  traceTask(async (event) => same<any, typeof event>(), lambda()),
  traceTask(async (event, context) => (same<Invocation, typeof context>(), event), lambda()),
  traceTask(
    async (event: Job) => event.id,
    lambda({ timeoutMs: (_event, context: Invocation) => context.left() }),
  ),
  traceTask(async (event: Job) => event.id, { timeoutMs: (_event, context: Invocation) => context.left() }),
  traceTask(async (event: Job) => event.id, {
    waitUntil: (flushed, _event, context: Invocation) => context.waitUntil(flushed),
  }),
];
export const typed: Lambda<Job, string> = traceTask(
  async (event) => (same<Job, typeof event>(), event.id),
  lambda({ timeoutMs: 5 }),
);
export const helped: (payload: unknown, helpers: Invocation) => Promise<void> = traceTask(
  async (payload) => void payload,
  { timeoutMs: (_payload, helpers) => helpers.left() },
);
// @ts-expect-error the payload is still what it was
traceTask(async (job: Job) => job.id, { attributes: (id: number) => ({ id }) });

// An inline function gets the parameters that it would get bare.
export async function inline(queue: PQueue): Promise<void> {
  new Worker(
    'mail',
    traceTask(async (job, token, signal) => {
      same<BullJob, typeof job>();
      same<[string | undefined, AbortSignal | undefined], [typeof token, typeof signal]>();
      // @ts-expect-error a job has no such field
      return job.nothing;
    }),
  );
  new Worker<Job, string>(
    'mail',
    traceTask(async ({ data }) => (same<Job, typeof data>(), data.id), {
      from: ({ data }) => (same<Job, typeof data>(), data.headers),
      resultAttributes: (id) => (same<string, typeof id>(), { id }),
    }),
  );
  new Consumer(
    'mail',
    traceTask(async (job) => same<Settled<any>, typeof job>()),
  );
  new Consumer<Job>(
    'mail',
    traceTask(async (job) => same<Settled<Job>, typeof job>()),
  );
  const { input, output } = tool({
    inputSchema: schema<{ city: string }>(),
    execute: traceTask(async ({ city }, { signal }) => {
      same<[string, AbortSignal | undefined], [typeof city, typeof signal]>();
      return city.length;
    }),
  });
  same<[{ city: string }, number], [typeof input, typeof output]>();
  get(
    '/',
    traceTask((request, response) => {
      same<Requested<{ path: '/' }, any>, typeof request>();
      response.send('up');
    }),
  );
  const sizes = await Promise.all([
    queue.add(traceTask(async ({ signal }) => (same<AbortSignal | undefined, typeof signal>(), 5))),
    queue.add(traceTask(async () => 'sent')),
  ]);
  same<[number, string], typeof sizes>();

  const handler: Handler | undefined = traceTask(async (job, { left }) => {
    same<Job, typeof job>();
    return { state: left() > 0 ? 'sent' : 'late' };
  });
  const doubled = [1, 2].map(
    traceTask((n) => n * 2, { attributes: (n) => (same<number, typeof n>(), { n }) }),
  );
  same<number[], typeof doubled>();
  const own = traceTask(Object.assign(work, { attempts: 3 }));
  same<typeof work & { attempts: number }, typeof own>();
  const either = traceTask(Math.random() > 0.5 ? overloaded : work);
  same<typeof overloaded | typeof work, typeof either>();
  same<typeof work, ReturnType<typeof wrapped<typeof work>>>();
  void handler;
  // @ts-expect-error nothing says what the parameter is
  traceTask((job) => job.id);
  // @ts-expect-error a job's data has no such field
  new Consumer<Job>('mail', traceTask(async ({ data }) => data.nothing)); // prettier-ignore
  // @ts-expect-error perhaps not a function
  traceTask(undefined as typeof work | undefined);
  // @ts-expect-error perhaps not a function
  traceTask({} as unknown);
}

// Of a function whose type is a parameter, it is that parameter.
function wrapped<F extends (...args: never[]) => Promise<unknown>>(fn: F): F {
  return traceTask(fn, { timeoutMs: 5 });
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
