import { createRequire } from 'node:module';
import { type Context, context, trace } from '@opentelemetry/api';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  createTracing,
  flush,
  liveSpans,
  startSpan,
  Traced,
  traceTask,
  type TracingOptions,
  withSpan,
} from '../src/index.ts';
import { caught, deferred, MemoryExporter, record, type RecordOptions, reported, turn } from './harness.ts';

// Processes whose globals are not what they were: the application never notices us.

const failure = new Error('no timers here');
const refuse = () => {
  throw failure;
};

describe('timers that throw', () => {
  afterEach(() => void vi.unstubAllGlobals());

  test.each(['setTimeout', 'clearTimeout', 'setImmediate'])('%s', async (name) => {
    const { rows } = record();
    const controller = new AbortController();
    vi.stubGlobal(name, refuse);
    expect(await traceTask(async () => 1)()).toBe(1);
    expect(traceTask(() => 2, { timeoutMs: 50 })()).toBe(2);
    const task = traceTask(async (_signal: AbortSignal) => 3, { abortGraceMs: 50, name: 'task' })(
      controller.signal,
    );
    controller.abort();
    expect(await task).toBe(3);
    expect(await flush({ timeoutMs: 50 })).toMatchObject({
      status: expect.stringMatching(/flushed|failed/) as string,
    });
    vi.unstubAllGlobals();
    expect(rows()).toHaveLength(3);
    expect(liveSpans()).toEqual([]);
    vi.runAllTimers();
    await turn();
  });
});

describe('a clock that is not one', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
  const timers = (setTimeout: (act: () => void) => unknown) => vi.stubGlobal('setTimeout', setTimeout);
  const odd: [string, () => unknown, ...string[]][] = [
    ['setTimeout() answers null', () => timers(() => null)],
    ['setTimeout() answers a number', () => timers(() => 7)],
    ['unref() throws', () => timers(() => ({ unref: refuse })), 'timer.unref() threw'],
    [
      'unref() rejects',
      () => timers(() => ({ unref: () => Promise.reject(failure) })),
      'timer.unref() returned a promise, which it must not',
      'timer.unref() rejected',
    ],
    ['Date.now() throws', () => vi.spyOn(Date, 'now').mockImplementation(refuse), 'Date.now() threw'],
  ];

  test.each(odd)('%s: a task with a grace period goes on, and ends', async (_how, stub, ...said) => {
    const { rows } = record();
    const controller = new AbortController();
    const work = deferred();
    const task = traceTask((_signal: AbortSignal) => work.promise, {
      name: 'task',
      abortGraceMs: 50,
      flush: 'never',
    });
    const running = task(controller.signal);
    stub();
    controller.abort(failure);
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    expect(liveSpans().map(({ name }) => name)).toEqual(['task']);
    work.reject(failure);
    await expect(running).rejects.toBe(failure);
    expect(rows()).toMatchObject([{ attributes: { 'oncespan.outcome': 'aborted' } }]);
    await turn();
    expect(reported.map(([text]) => text)).toEqual(said.map((text) => `oncespan: ${text}`));
  });

  test('setTimeout() calls at once: the grace period and the time limit are over', () => {
    const { rows } = record();
    const controller = new AbortController();
    const live = startSpan({ name: 'aborted', signal: controller.signal, abortGraceMs: 50 });
    timers((act) => (act(), 0));
    controller.abort(failure);
    expect(withSpan({ name: 'limited', timeoutMs: 50 }, () => 7)).toBe(7);
    vi.unstubAllGlobals();
    live.end();
    expect(rows().map(({ name, attributes }) => [name, attributes?.['oncespan.outcome']])).toEqual([
      ['aborted', 'aborted'],
      ['limited', 'timed-out'],
    ]);
    expect([liveSpans(), reported]).toEqual([[], []]);
  });
});

test('what throws while an outcome is written keeps no span from its end', () => {
  const { rows } = record();
  const { withSpan: traced, liveSpans: live } = createTracing({ exceptionEvents: 'origin-only' });
  const set = vi.spyOn(WeakMap.prototype, 'set').mockImplementation(refuse);
  const thrown = caught(() =>
    traced('work', () => {
      throw new RangeError('mine');
    }),
  );
  set.mockRestore();
  expect(thrown).toEqual(new RangeError('mine'));
  expect([rows().map(({ name }) => name), live()]).toEqual([['work'], []]);
  expect(reported).toEqual([['oncespan: writing an outcome threw', failure]]);
});

describe('a fake clock', () => {
  test('sees no timer of a call that asks for none', async () => {
    vi.resetModules();
    // As an application imports it: before its tests bring a clock.
    vi.useRealTimers();
    const { traceTask: task } = await import('../src/index.ts');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { rows } = record();
    const work = deferred();
    const running = task(() => work.promise, { name: 'task', flush: 'never' })();
    expect(vi.getTimerCount()).toBe(0);
    work.resolve();
    await running;
    expect(vi.getTimerCount()).toBe(0);
    expect(rows()).toEqual([{ name: 'task' }]);
  });

  test('reaches the limits that the application has asked for', async () => {
    vi.resetModules();
    vi.useRealTimers();
    const { traceTask: task } = await import('../src/index.ts');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { rows } = record();
    const work = deferred();
    const running = task(() => work.promise, { name: 'task', flush: 'never', timeoutMs: 60_000 })();
    vi.advanceTimersByTime(60_000);
    expect(rows()).toMatchObject([{ attributes: { 'oncespan.outcome': 'timed-out' } }]);
    work.resolve();
    await running;
  });
});

describe('Object.prototype with more on it', () => {
  const polluted = Object.prototype as unknown as Record<string, unknown>;
  const EVIL = {
    // Not `attributes`: the SDK itself takes those for its sampler's.
    name: 'evil',
    enabled: false,
    timeoutMs: 1,
    covers: 'call',
    relation: 'root',
    signal: false,
    flush: 'await',
    waitUntil: refuse,
    from: refuse,
    redact: refuse,
    attributeNames: { error: 'evil' },
    ignoreErrors: 'nonsense',
    value: refuse,
    root: true,
    links: [{}],
    startTime: 1,
  };
  afterEach(() => {
    for (const key of Object.keys(EVIL)) delete polluted[key];
  });

  test('gives no option that nobody gave', async () => {
    const { rows } = record();
    class Orders {
      place() {
        return new Promise((resolve) => setImmediate(resolve, 7));
      }
    }
    Object.assign(polluted, EVIL);
    try {
      traceTask(function job() {}, { kind: 1 })();
      traceTask(function other() {})();
      withSpan({ kind: 1 }, () => 1);
      startSpan({ kind: 1 }).end();
      Traced()(Orders);
      await new Orders().place();
      await flush({});
    } finally {
      for (const key of Object.keys(EVIL)) delete polluted[key];
    }
    expect(rows()).toEqual([
      { name: 'job', kind: 'SERVER' },
      { name: 'other' },
      { name: 'span', kind: 'SERVER' },
      { name: 'span', kind: 'SERVER' },
      { name: 'Orders.place' },
    ]);
  });
});

describe('signals', () => {
  const { AbortController: Ponyfill } = createRequire(import.meta.url)(
    'abortcontroller-polyfill/dist/cjs-ponyfill.js',
  ) as { AbortController: typeof AbortController };
  const ABORTED = { attributes: { 'oncespan.outcome': 'aborted' } };

  test('of a ponyfill, which calls its listeners', async () => {
    const { rows } = record();
    const controller = new Ponyfill();
    const work = deferred();
    const running = traceTask((_signal: AbortSignal) => work.promise, { flush: 'never' })(controller.signal);
    controller.abort();
    expect(rows()).toMatchObject([ABORTED]);
    work.resolve();
    await running;
    const again = new Ponyfill();
    again.abort();
    traceTask((_signal: AbortSignal) => 1, { flush: 'never' })(again.signal);
    expect(rows()).toMatchObject([ABORTED, ABORTED]);
  });

  test.each([
    ['rejects', async (signal: AbortSignal) => signal.throwIfAborted()],
    ['resolves', async () => 7],
  ])('whose event is stopped before it gets to us: the task %s', async (_how, settle) => {
    const { rows } = record();
    const controller = new AbortController();
    controller.signal.addEventListener('abort', (event) => event.stopImmediatePropagation());
    const work = deferred();
    const running = traceTask(
      async (signal: AbortSignal) => {
        await work.promise;
        return settle(signal);
      },
      { flush: 'never' },
    )(controller.signal);
    controller.abort();
    expect(rows()).toEqual([]);
    work.resolve();
    await running.catch(() => {});
    expect(rows()).toMatchObject([ABORTED]);
  });

  test('that can no longer be asked', async () => {
    const { rows } = record();
    let isBroken = false;
    const signal = {
      get aborted() {
        return isBroken ? refuse() : false;
      },
      addEventListener() {},
      removeEventListener() {},
      [Symbol.toStringTag]: 'AbortSignal',
    };
    const task = traceTask(async (_signal: unknown) => 7, { name: 'task', flush: 'never' });
    const running = task(signal);
    isBroken = true;
    expect(await running).toBe(7);
    expect(rows()).toEqual([{ name: 'task' }]);
    expect(reported).toHaveLength(1);
  });
});

test('a getter on Object.prototype, which makes descriptors invalid that inherit it', async () => {
  const { rows } = record();
  class Rows {
    then(ok: (value: number) => unknown) {
      return ok(7);
    }
  }
  class Sub<T> extends Promise<T> {}
  const step = {
    value: 1,
    get done() {
      return true;
    },
  };
  class Steps {
    next() {
      return Object.create(step) as typeof step;
    }
    [Symbol.iterator]() {
      return this;
    }
  }
  const observable = {
    subscribe(observer: { complete(): void }) {
      observer.complete();
      return { unsubscribe() {} };
    },
    '@@observable'() {
      return this;
    },
  };
  const task = <R>(make: () => R) => traceTask(make, { name: 'task', flush: 'never' });
  const [query, promise, steps, values, events] = [
    task(() => new Rows()),
    task(() => new Sub<number>((resolve) => resolve(7))),
    task(() => new Steps()),
    task(() => [1].values()),
    task(() => observable),
  ];
  const prototype = Object.prototype as { get?: unknown };
  prototype.get = 'which no accessor is';
  let answers: unknown[];
  let live: number;
  try {
    const [rowsOf, settled, iterator, native, source] = [query(), promise(), steps(), values(), events()];
    live = liveSpans().length;
    answers = [rowsOf.then((value) => value), settled];
    for (const _ of iterator);
    for (const _ of native);
    source.subscribe({ complete() {} });
  } finally {
    delete prototype.get;
  }
  expect([live, ...(await Promise.all(answers))]).toEqual([5, 7, 7]);
  expect(rows()).toEqual(Array.from({ length: 5 }, () => ({ name: 'task' })));
});

test('a chain of prototypes without an end', async () => {
  const { rows } = record();
  const endless: object = new Proxy({}, { getPrototypeOf: () => endless, has: () => true });
  const task = traceTask((value: object) => value, { name: 'task', flush: 'never' });
  expect(task(endless)).toBe(endless);
  const make = traceTask(() => endless, { name: 'task', flush: 'never' });
  expect(make()).toBe(endless);
  expect(rows()).toEqual([{ name: 'task' }, { name: 'task' }]);
});

test('a processor that calls traced functions when a span ends makes no spans of them', async () => {
  const exporter = new MemoryExporter();
  let calls = 0;
  const audit = traceTask(async (name: string) => void (calls++, name), { name: 'audit', flush: 'never' });
  const provider = new TracerProvider({
    spanProcessors: [
      new SimpleSpanProcessor({ exporter }),
      {
        onStart() {},
        onEnd: ({ name }) => void audit(name),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  trace.disable();
  trace.setGlobalTracerProvider(provider);
  withSpan('work', () => 1);
  await traceTask(async () => 7, { name: 'task', flush: 'never' })();
  await turn();
  expect([calls, exporter.spans.map(({ name }) => name)]).toEqual([2, ['work', 'task']]);
  withSpan('later', () => 1);
  expect(exporter.spans.map(({ name }) => name)).toEqual(['work', 'task', 'later']);
});

describe('traced functions that are called by what is asked at every span make no spans', () => {
  const nothing = { onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
  /** What makes the spans of `tracing`, which `helper` is traced with, too. */
  const ways: Record<
    string,
    (helper: <T>(answer: T) => T) => { options?: TracingOptions; record?: RecordOptions }
  > = {
    'a processor’s onStart': (helper) => ({
      record: { processors: [{ ...nothing, onStart: () => helper(undefined) }] },
    }),
    'a sampler': (helper) => ({
      record: { sampler: { shouldSample: () => helper({ decision: 2 }), toString: () => 'asking' } },
    }),
    'getTracer()': (helper) => ({
      options: {
        tracerProvider: { getTracer: (name, version) => (helper(0), trace.getTracer(name, version)) },
      },
    }),
    enabled: (helper) => ({ options: { enabled: () => helper(true) } }),
    ignoreErrors: (helper) => ({ options: { ignoreErrors: () => helper(false) } }),
    redact: (helper) => ({ options: { redact: (exception) => helper(exception) } }),
  };

  test.each(Object.entries(ways))('%s', (_who, way) => {
    let calls = 0;
    const count = <T>(answer: T): T => (calls++, answer);
    let helper = count;
    const { options, record: recording } = way((answer) => {
      // Else there were no end of it.
      return calls > 100 ? answer : helper(answer);
    });
    const { spans } = record(recording);
    const { traceTask: task, withSpan: traced } = createTracing(options);
    helper = task(count, { name: 'helper', flush: 'never' });
    const work = () =>
      traced('work', () => {
        throw failure;
      });
    expect(caught(work)).toBe(failure);
    expect([calls, spans().map(({ name }) => name)]).toEqual([1, ['work']]);
    expect(reported).toEqual([]);
    expect(helper(7)).toBe(7);
    expect(spans().map(({ name }) => name)).toEqual(['work', 'helper']);
  });

  test('but those that the options of one function call do', () => {
    const { rows } = record();
    const price = traceTask(() => 7, { name: 'price', flush: 'never' });
    traceTask(() => 1, { name: 'order', flush: 'never', attributes: () => ({ price: price() }) })();
    expect(rows()).toEqual([{ name: 'price' }, { name: 'order', attributes: { price: 7 } }]);
  });
});

test.each<[string, object]>([
  ['whose every method throws', { getValue: refuse, setValue: refuse, deleteValue: refuse }],
  [
    'that refuses to be looked at',
    new Proxy(
      { getValue: () => undefined },
      { get: (target, key) => (key === 'getValue' ? target.getValue : refuse()) },
    ),
  ],
])('a context %s is not ours to fail for', (_what, parent) => {
  const { spans } = record();
  const task = traceTask(() => 7, { name: 'task', flush: 'never', from: () => parent as Context });
  expect(task()).toBe(7);
  context.with(parent as Context, () => {
    expect(withSpan('span', () => 8)).toBe(8);
    startSpan('manual').end();
  });
  expect(liveSpans()).toEqual([]);
  expect(spans().length).toBeLessThanOrEqual(3);
});
