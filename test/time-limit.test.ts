import { AsyncLocalStorage } from 'node:async_hooks';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createTracing, liveSpans, startSpan, Traced, traceTask, withSpan } from '../src/index.ts';
import { deferred, record, reported } from './harness.ts';

let gate = deferred<never>();
/** Work that has not settled by the end of the test. */
const never = () => gate.promise;

const timedOut = (afterMs: number) => ({
  status: `ERROR the work had not settled after ${afterMs} ms`,
  attributes: { error: true, 'error.type': 'TimeoutError', 'oncespan.outcome': 'timed-out' },
  exceptions: [`TimeoutError: the work had not settled after ${afterMs} ms`],
});

afterEach(() => {
  gate.resolve(undefined as never);
  gate = deferred();
});

test('a limit that is a function gets the arguments of the call, once', () => {
  const { rows } = record();
  const limit = vi.fn((_event: object, invocation: { getRemainingTimeInMillis(): number }) => {
    return invocation.getRemainingTimeInMillis() - 500;
  });
  const handler = traceTask(
    function handler(_event: object, _invocation: { getRemainingTimeInMillis(): number }) {
      return never();
    },
    { timeoutMs: limit, flush: 'never' },
  );
  const event = {};
  const invocation = { getRemainingTimeInMillis: () => 3000 };
  void handler(event, invocation);
  vi.advanceTimersByTime(2499);
  expect(rows()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(rows()).toEqual([{ name: 'handler', ...timedOut(2500) }]);
  expect(limit.mock.calls).toEqual([[event, invocation]]);
  expect(vi.getTimerCount()).toBe(0);
});

test('the limit of a decorated method, and of withSpan() and startSpan(), which have no arguments', () => {
  const { rows } = record();
  class Mailer {
    @Traced({ timeoutMs: (ms: number) => ms })
    send(_ms: number): Promise<never> {
      return never();
    }
  }
  void new Mailer().send(10);
  void withSpan({ name: 'with', timeoutMs: () => 20 }, never);
  using _manual = startSpan({ name: 'manual', timeoutMs: () => 30 });
  vi.advanceTimersByTime(30);
  expect(rows()).toEqual([
    { name: 'Mailer.send', ...timedOut(10) },
    { name: 'with', ...timedOut(20) },
    { name: 'manual', ...timedOut(30) },
  ]);
});

test.for<[string, () => never, string[]]>([
  ['0', () => 0 as never, ['oncespan: option "timeoutMs" gave 0; give a number of milliseconds above 0']],
  [
    'less',
    () => -1 as never,
    ['oncespan: option "timeoutMs" gave -1; give a number of milliseconds above 0'],
  ],
  [
    'NaN',
    () => NaN as never,
    ['oncespan: option "timeoutMs" gave NaN; give a number of milliseconds above 0'],
  ],
  [
    'text',
    () => '50' as never,
    ['oncespan: option "timeoutMs" gave \'50\'; give a number of milliseconds above 0'],
  ],
  ['nothing', () => undefined as never, []],
  ['Infinity', () => Infinity as never, []],
])('%s from a function is no limit', async ([, timeoutMs, reports]) => {
  const { rows } = record();
  const work = deferred<number>();
  const answer = traceTask(() => work.promise, { name: 'task', timeoutMs, flush: 'never' })();
  vi.advanceTimersByTime(60_000);
  expect(rows()).toEqual([]);
  expect(reported.splice(0)).toEqual(reports.map((text) => [text]));
  work.resolve(7);
  expect(await answer).toBe(7);
  expect(rows()).toEqual([{ name: 'task' }]);
});

test('a function that throws is no limit, and the call goes on', async () => {
  const { rows } = record();
  const failure = new Error('no invocation');
  const timeoutMs = () => {
    throw failure;
  };
  expect(await traceTask(async () => 7, { name: 'task', timeoutMs })()).toBe(7);
  expect(reported.splice(0)).toEqual([['oncespan: option "timeoutMs" threw', failure]]);
  expect(rows()).toEqual([{ name: 'task' }]);
});

describe('the limit of a local root that is a function of its arguments', () => {
  const limited = { timeoutMs: () => 100 };

  test('ends what lives of its descendants with it, the children first', () => {
    const { rows } = record();
    const other = createTracing({ tracerName: 'other' });
    void withSpan('outside', never);
    const leaf = other.traceTask(never, 'leaf');
    const child = traceTask(() => leaf(), 'child');
    const root = traceTask(
      () => {
        void child();
        withSpan('over', () => 1);
        void traceTask(never, { name: 'sibling', timeoutMs: 1000 })();
        return never();
      },
      { name: 'root', ...limited },
    );
    void root();
    vi.advanceTimersByTime(100);
    expect(rows()).toEqual([
      { name: 'over', parent: 'root' },
      { name: 'sibling', parent: 'root', ...timedOut(100) },
      { name: 'leaf', parent: 'child', ...timedOut(100) },
      { name: 'child', parent: 'root', ...timedOut(100) },
      { name: 'root', ...timedOut(100) },
    ]);
    expect(liveSpans().map(({ name }) => name)).toEqual(['outside']);
    vi.advanceTimersByTime(1000);
    expect(rows()).toHaveLength(5);
  });

  test('the children first, too, where two instances take turns', () => {
    const { rows } = record();
    const lib = createTracing({ tracerName: 'lib' });
    const root = traceTask(
      () => lib.withSpan('a', () => withSpan('b', () => lib.withSpan('c', () => withSpan('d', never)))),
      { name: 'root', ...limited },
    );
    void root();
    vi.advanceTimersByTime(100);
    expect(rows().map(({ name }) => name)).toEqual(['d', 'c', 'b', 'a', 'root']);
  });

  test('reaches below spans that others made, and what is begun later', async () => {
    const { rows } = record();
    const later = deferred();
    const storage = new AsyncLocalStorage<string>();
    let lateBegan!: Promise<void>;
    void traceTask(
      () => {
        trace.getTracer('http').startActiveSpan('GET', () => {
          lateBegan = later.promise.then(() => storage.run('kept', () => void traceTask(never, 'late')()));
        });
        return never();
      },
      { name: 'root', ...limited },
    )();
    later.resolve();
    await lateBegan;
    vi.advanceTimersByTime(100);
    expect(rows()).toEqual([
      { name: 'late', parent: 'elsewhere', ...timedOut(100) },
      { name: 'root', ...timedOut(100) },
    ]);
  });

  test('leaves alone what it did not begin, what is a root of its own, and what began after it', () => {
    const { rows } = record();
    let mine = context.active();
    const remote = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, isRemote: true };
    const incoming = trace.setSpanContext(context.active(), remote);
    const from = () => incoming;
    const before = traceTask(never, { name: 'same trace', from });
    void before();
    void traceTask(
      () => {
        mine = context.active();
        void traceTask(never, { name: 'root inside', relation: 'root' })();
        void traceTask(never, { name: 'linked inside', relation: 'linked' })();
        return never();
      },
      { name: 'root', from, ...limited },
    )();
    vi.advanceTimersByTime(100);
    context.with(mine, () => void traceTask(never, 'afterwards')());
    vi.advanceTimersByTime(1000);
    expect(rows()).toEqual([{ name: 'root', parent: 'elsewhere', ...timedOut(100) }]);
    expect(liveSpans().map(({ name }) => name)).toEqual([
      'same trace',
      'root inside',
      'linked inside',
      'afterwards',
    ]);
  });

  test.for([
    ['a number', { timeoutMs: 100 }, false],
    ['a function below a local parent', limited, true],
  ] as const)('not with %s', ([, options, isBelow]) => {
    const { rows } = record();
    const root = traceTask(
      () => {
        void traceTask(never, 'child')();
        return never();
      },
      { name: 'root', ...options },
    );
    if (isBelow) void withSpan('parent', () => (void root(), never()));
    else void root();
    vi.advanceTimersByTime(100);
    expect(rows()).toEqual([{ name: 'root', ...(isBelow && { parent: 'elsewhere' }), ...timedOut(100) }]);
  });

  test('not when it ends in another way', async () => {
    const { rows } = record();
    await traceTask(
      async () => {
        void traceTask(never, 'child')();
      },
      { name: 'root', ...limited, flush: 'never' },
    )();
    vi.advanceTimersByTime(1000);
    expect(rows()).toEqual([{ name: 'root' }]);
  });
});

describe('a kind that is a function', () => {
  test('gets the arguments', () => {
    const { spans } = record();
    const task = traceTask((_kind: SpanKind) => 1, { kind: (kind) => kind });
    task(SpanKind.CONSUMER);
    task(SpanKind.SERVER);
    expect(spans().map(({ kind }) => kind)).toEqual([SpanKind.CONSUMER, SpanKind.SERVER]);
  });

  test('is internal with no answer, and with one that is none, which is reported', () => {
    const { spans } = record();
    traceTask(() => 1, { kind: () => undefined })();
    traceTask(() => 1, { kind: () => 7 as never })();
    expect(spans().map(({ kind }) => kind)).toEqual([SpanKind.INTERNAL, SpanKind.INTERNAL]);
    expect(reported.splice(0)).toEqual([['oncespan: option "kind" gave no SpanKind']]);
  });
});

describe('the length of what comes back', () => {
  const job = (_job: object) => 1;

  test("is the function's own, or the option `length`", () => {
    record();
    expect(traceTask(job)).toHaveLength(1);
    const three = traceTask(job, { length: 3 });
    expect(three).toHaveLength(3);
    expect(three.name).toBe('job');
    expect(three({})).toBe(1);
  });

  test.for([-1, 1.5, NaN, '3'])('cannot be %s', (length) => {
    expect(() => traceTask(job, { length: length as never })).toThrow(
      new TypeError(
        `traceTask(): option 'length' is ${typeof length === 'string' ? "'3'" : length}; give a whole number, 0 or more`,
      ),
    );
  });
});
