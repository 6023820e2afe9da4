import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { context, ROOT_CONTEXT, trace, type TracerProvider as ApiTracerProvider } from '@opentelemetry/api';
import { AlwaysOffSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, test, vi } from 'vitest';
import { createTracing, flush, startSpan, traceTask, withSpan, type FlushResult } from '../src/index.ts';
import { endSpansOf } from '../src/span/end-many.ts';
import { deferred, type Deferred, MemoryExporter, record, reported, revoked, turn } from './harness.ts';

const FLUSHED = { status: 'flushed' };

/** A provider whose passes are counted and end when they are told to. */
function gatedProvider() {
  const { provider, rows } = record();
  const passes: Deferred<void>[] = [];
  let running = 0;
  let overlaps = 0;
  provider.forceFlush = () => {
    if (++running > 1) overlaps++;
    const pass = deferred();
    passes.push(pass);
    return pass.promise.finally(() => running--);
  };
  return { passes, rows, overlaps: () => overlaps };
}

/** Runs what is in the microtask queue. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('without a provider, or one that cannot flush, the answer is flushed at once', async () => {
  expect(await flush()).toEqual(FLUSHED);
  trace.setGlobalTracerProvider({ getTracer: () => trace.getTracer('x') } satisfies ApiTracerProvider);
  expect(await flush({ timeoutMs: 0 })).toEqual(FLUSHED);
});

test('a flush reaches the provider behind the global proxy', async () => {
  const { provider } = record();
  const forceFlush = vi.spyOn(provider, 'forceFlush');
  expect(await flush()).toEqual(FLUSHED);
  expect(forceFlush).toHaveBeenCalledTimes(1);
});

describe('the four outcomes', () => {
  const failure = new Error('collector is down');
  const failing: [string, () => Promise<void>][] = [
    ['rejects', () => Promise.reject(failure)],
    [
      'throws',
      () => {
        throw failure;
      },
    ],
  ];
  test.each(failing)('failed, when forceFlush %s', async (_how, forceFlush) => {
    record().provider.forceFlush = forceFlush;
    expect(await flush()).toEqual({ status: 'failed', error: failure });
    expect(reported).toEqual([['oncespan: a flush failed', failure]]);
  });

  test('timed-out, while the pass goes on and the next waits for it', async () => {
    const { passes } = gatedProvider();
    const first = flush({ timeoutMs: 10 });
    vi.advanceTimersByTime(10);
    expect(await first).toEqual({ status: 'timed-out' });
    const second = flush();
    expect(passes).toHaveLength(1);
    passes[0]?.resolve();
    await settle();
    passes[1]?.resolve();
    expect(await second).toEqual(FLUSHED);
  });

  test('aborted, with the reason, while others keep waiting', async () => {
    const { passes } = gatedProvider();
    const controller = new AbortController();
    const reason = new Error('enough');
    const one = flush({ signal: controller.signal });
    const other = flush();
    controller.abort(reason);
    expect(await one).toEqual({ status: 'aborted', reason });
    passes[0]?.resolve();
    await settle();
    passes[1]?.resolve();
    expect(await other).toEqual(FLUSHED);
  });

  test('aborted before it began: nothing is started', async () => {
    const { passes } = gatedProvider();
    expect(await flush({ signal: AbortSignal.abort('no') })).toEqual({ status: 'aborted', reason: 'no' });
    expect(passes).toEqual([]);
  });

  test('a pass that hangs for 25 s holds up the next one no longer; who waits longer goes on waiting', async () => {
    const { passes } = gatedProvider();
    const first = flush({ timeoutMs: 60_000 });
    const second = flush();
    const third = flush({ timeoutMs: 60_000 });
    vi.advanceTimersByTime(24_999);
    expect([await second, passes.length]).toEqual([{ status: 'timed-out' }, 1]);
    vi.advanceTimersByTime(1);
    expect(passes).toHaveLength(2);
    passes[1]?.resolve();
    expect(await third).toEqual(FLUSHED);
    passes[0]?.resolve();
    expect(await first).toEqual(FLUSHED);
    expect(reported).toEqual([]);
  });

  test('a pass that was given up and ends all the same starts no other', async () => {
    const { passes, overlaps } = gatedProvider();
    const first = flush({ timeoutMs: 20_000 });
    vi.advanceTimersByTime(30_000);
    expect(await first).toEqual({ status: 'timed-out' });
    const second = flush();
    const third = flush();
    passes[0]!.resolve();
    await settle();
    expect(passes).toHaveLength(2);
    passes[1]!.resolve();
    expect(await second).toEqual(FLUSHED);
    await settle();
    passes[2]!.resolve();
    expect(await third).toEqual(FLUSHED);
    // The first one went on beside the second, which is what giving up means.
    expect(overlaps()).toBe(1);
  });

  test('a wrong option is reported and ignored', async () => {
    record();
    expect(await flush({ timeoutMs: NaN, signal: 'none' as never })).toEqual(FLUSHED);
    expect(await flush('soon' as never)).toEqual(FLUSHED);
    expect(reported.map(([what]) => what)).toEqual([
      "oncespan: flush(): option 'timeoutMs' is NaN; give a number of milliseconds, 0 or more; ignored",
      "oncespan: flush(): option 'signal' is 'none'; give an AbortSignal; ignored",
      "oncespan: flush(): 'soon' is not an object of options; ignored",
    ]);
  });
});

describe('group commit', () => {
  test('requests made during a pass share the next one, and wait for no later one', async () => {
    const { passes, overlaps } = gatedProvider();
    const answered: string[] = [];
    const ask = (name: string) => void flush().then(() => answered.push(name));
    ask('first');
    ask('second a');
    ask('second b');
    expect(passes).toHaveLength(1);
    passes[0]?.resolve();
    await settle();
    expect(answered).toEqual(['first']);
    ask('third');
    expect(passes).toHaveLength(2);
    passes[1]?.resolve();
    await settle();
    expect(answered).toEqual(['first', 'second a', 'second b']);
    passes[2]?.resolve();
    await settle();
    expect(answered).toEqual(['first', 'second a', 'second b', 'third']);
    expect(passes).toHaveLength(3);
    expect(overlaps()).toBe(0);
  });

  test('a request from the continuation of a flush gets a pass of its own', async () => {
    const { passes } = gatedProvider();
    const chain = flush().then(() => flush());
    passes[0]?.resolve();
    await settle();
    passes[1]?.resolve();
    expect(await chain).toEqual(FLUSHED);
    expect(passes).toHaveLength(2);
  });

  test('a flush fails with a pass that it was asked for during: it covers the same; a later one does not', async () => {
    const { passes } = gatedProvider();
    const failure = new Error('down');
    const first = flush();
    const second = flush();
    passes[0]?.reject(failure);
    await settle();
    const third = flush();
    passes[1]?.resolve();
    await settle();
    passes[2]?.resolve();
    const failed = { status: 'failed', error: failure };
    expect([await first, await second, await third]).toEqual([failed, failed, FLUSHED]);
  });

  test('a flush tells what passes failed with that nobody has waited for, once', async () => {
    const { passes } = gatedProvider();
    traceTask(() => {}, 'in the background')();
    passes[0]?.reject(new Error('down'));
    await settle();
    const left = flush({ timeoutMs: 5 });
    vi.advanceTimersByTime(5);
    expect(await left).toEqual({ status: 'timed-out' });
    passes[1]?.reject(new Error('still down'));
    await settle();
    const heard = flush();
    passes[2]?.resolve();
    expect(await heard).toMatchObject({
      status: 'failed',
      error: { errors: [new Error('down'), new Error('still down')] },
    });
    const next = flush();
    passes[3]?.resolve();
    expect(await next).toEqual(FLUSHED);
  });

  test.each([
    ['nothing', undefined, 'undefined'],
    ['a text', 'down', "'down'"],
    ['an object', { code: 14 }, 'an object'],
    ['an empty array', [], 'an object'],
  ])('a flush that fails with %s has an Error all the same', async (_what, thrown, message) => {
    record().provider.forceFlush = () => Promise.reject(thrown);
    const { status, error } = (await flush()) as { status: string; error: Error };
    expect([status, error]).toEqual(['failed', new Error(message)]);
    expect(error.cause).toEqual(thrown);
  });

  test('a waiting request is answered after it has timed out only once', async () => {
    const { passes } = gatedProvider();
    void flush();
    const answers: FlushResult[] = [];
    void flush({ timeoutMs: 5 }).then((answer) => answers.push(answer));
    vi.advanceTimersByTime(5);
    passes[0]?.resolve();
    await settle();
    passes[1]?.resolve();
    await settle();
    expect(answers).toEqual([{ status: 'timed-out' }]);
  });

  test('instances share the passes of a provider; another provider has its own', async () => {
    const { passes } = gatedProvider();
    const old = [flush(), createTracing().flush(), createTracing().flush()];
    expect(passes).toHaveLength(1);
    record();
    expect(await flush()).toEqual(FLUSHED);
    passes[0]?.resolve();
    await settle();
    expect(passes).toHaveLength(2);
    passes[1]?.resolve();
    expect(await Promise.all(old)).toEqual([FLUSHED, FLUSHED, FLUSHED]);
  });

  test('10,000 tasks that settle in one tick need two passes at most', async () => {
    const { passes } = gatedProvider();
    const gate = deferred();
    const task = traceTask(() => gate.promise, 'task');
    const tasks = Array.from({ length: 10_000 }, () => task());
    gate.resolve();
    await Promise.all(tasks);
    passes[0]?.resolve();
    await settle();
    passes[1]?.resolve();
    await settle();
    expect(passes).toHaveLength(2);
  });
});

test('100 tasks flush at once through the stock batch processor and a slow exporter', async () => {
  const given: string[] = [];
  const pending: (() => void)[] = [];
  const exporter = new MemoryExporter();
  exporter.export = (spans, answer) => {
    given.push(...spans.map((span) => span.name));
    pending.push(() => answer({ code: 0 }));
  };
  const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
  trace.setGlobalTracerProvider(provider);
  const forceFlush = vi.spyOn(provider, 'forceFlush');
  let running = 0;
  const overlaps: number[] = [];
  forceFlush.mockImplementation(
    ((original) => () => {
      overlaps.push(running++);
      return original().finally(() => running--);
    })(TracerProvider.prototype.forceFlush.bind(provider)),
  );

  const gate = deferred();
  const names = Array.from({ length: 100 }, (_, i) => `task ${i}`);
  const ownSpanWasGiven: boolean[] = [];
  const flushers = names.map(async (name) => {
    await traceTask(() => gate.promise, { name, flush: 'never' })();
    const { status } = await flush();
    ownSpanWasGiven.push(status === 'flushed' && given.includes(name));
  });
  gate.resolve();
  for (let pass = 0; pass < 2; pass++) {
    await settle();
    for (const answer of pending.splice(0)) answer();
  }
  await Promise.all(flushers);
  expect(ownSpanWasGiven).toEqual(names.map(() => true));
  expect(forceFlush.mock.calls.length).toBeLessThanOrEqual(2);
  expect(overlaps.every((others) => others === 0)).toBe(true);
  expect(given.toSorted()).toEqual(names.toSorted());
  await provider.shutdown();
});

describe('when a task flushes', () => {
  const passesOf = async (act: () => unknown) => {
    const { provider } = record();
    const forceFlush = vi.spyOn(provider, 'forceFlush');
    await act();
    await settle();
    return forceFlush.mock.calls.length;
  };
  const job = () => Promise.resolve(7);

  test('auto: the first span of a trace in this process does, a child does not', async () => {
    expect(await passesOf(traceTask(job))).toBe(1);
    expect(await passesOf(() => withSpan('parent', () => traceTask(job)()))).toBe(0);
    expect(await passesOf(() => withSpan('parent', () => traceTask(job, { relation: 'linked' })()))).toBe(1);
    expect(await passesOf(() => traceTask(() => 7)())).toBe(1);
  });

  test('never, and background for a child', async () => {
    expect(await passesOf(traceTask(job, { flush: 'never' }))).toBe(0);
    expect(await passesOf(() => withSpan('parent', () => traceTask(job, { flush: 'background' })()))).toBe(1);
  });

  test('background waits for nothing', async () => {
    const { passes } = gatedProvider();
    expect(await traceTask(job, { flush: 'background' })()).toBe(7);
    passes[0]?.resolve();
    await settle();
  });

  const failure = new Error('failed');
  test.each([
    ['value', job, ['value', 7]],
    ['error', () => Promise.reject(failure), ['error', failure]],
  ])('await holds the %s back until the flush has ended', async (_what, fn, expected) => {
    const { passes } = gatedProvider();
    const seen: unknown[] = [];
    const task = traceTask(fn as () => Promise<unknown>, { flush: 'await' })();
    void task.then(
      (value) => seen.push('value', value),
      (error: unknown) => seen.push('error', error),
    );
    await settle();
    expect(seen).toEqual([]);
    passes[0]?.resolve();
    await settle();
    expect(seen).toEqual(expected);
  });

  test('await holds it back no longer than flushTimeoutMs', async () => {
    const { passes } = gatedProvider();
    const task = traceTask(job, { flush: 'await', flushTimeoutMs: 20 })();
    await settle();
    vi.advanceTimersByTime(20);
    expect(await task).toBe(7);
    passes[0]?.resolve();
    await settle();
  });

  test.each<[string, (left: number) => number | undefined, number]>([
    ['shortens it', (left) => left - 1, 19],
    ['cannot lengthen it', () => 9000, 5000],
    ['with no answer leaves it', () => undefined, 5000],
  ])('flushTimeoutMs that is a function of the arguments %s', async (_what, flushTimeoutMs, expected) => {
    const { passes } = gatedProvider();
    const seen: unknown[] = [];
    const task = traceTask(async (_left: number) => 7, { flush: 'await', flushTimeoutMs })(20);
    void task.then((value) => seen.push(value));
    await settle();
    await vi.advanceTimersByTimeAsync(expected - 1);
    expect(seen).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(seen).toEqual([7]);
    passes[0]?.resolve();
    await settle();
  });

  test('flushTimeoutMs that is a function and answers no time is reported, and left', async () => {
    const { passes } = gatedProvider();
    const given: Promise<FlushResult>[] = [];
    const waitUntil = (flushed: Promise<FlushResult>) => void given.push(flushed);
    await traceTask(job, { waitUntil, flushTimeoutMs: () => 0 })();
    await vi.advanceTimersByTimeAsync(5000);
    expect(await given[0]).toEqual({ status: 'timed-out' });
    expect(reported).toEqual([
      ['oncespan: option "flushTimeoutMs" gave 0; give a number of milliseconds above 0'],
    ]);
    passes[0]?.resolve();
    await settle();
  });

  test('waitUntil is given the flush, once a task, and can outlast the task', async () => {
    const { passes } = gatedProvider();
    const given: Promise<FlushResult>[] = [];
    const waitUntil = (flushed: Promise<FlushResult>) => void given.push(flushed);
    expect(await traceTask(job, { waitUntil })()).toBe(7);
    await traceTask(job, { waitUntil, flush: 'never' })();
    expect(given).toHaveLength(1);
    passes[0]?.resolve();
    expect(await given[0]).toEqual(FLUSHED);
  });

  test('waitUntil is given the arguments of the call, and called below a span, too', async () => {
    const { passes } = gatedProvider();
    const given: unknown[][] = [];
    const waitUntil = (flushed: Promise<FlushResult>, ...args: unknown[]) =>
      void given.push([flushed instanceof Promise, ...args]);
    const handle = traceTask(async (_request: string, _env: number) => 7, { waitUntil });
    expect(await withSpan('GET /', () => handle('request', 1))).toBe(7);
    expect(given).toEqual([[true, 'request', 1]]);
    passes[0]?.resolve();
    await settle();
  });

  test('below a span that has ended a task flushes as if it were the first of its trace', async () => {
    const { passes } = gatedProvider();
    const flushesAt = (work: () => unknown) => {
      work();
      return passes.length;
    };
    const task = traceTask(() => {}, 'task');
    expect(flushesAt(() => withSpan('alive', task))).toBe(0);
    const ended = withSpan('ended', () => context.active());
    expect(flushesAt(() => context.with(ended, task))).toBe(1);
    passes[0]?.resolve();
    await settle();
  });

  test('await: a span that ends with the call is flushed then, and again before the promise settles', async () => {
    const { passes } = gatedProvider();
    const work = deferred<number>();
    const task = traceTask(() => work.promise, { flush: 'await', covers: 'call' })();
    let isSettled = false;
    void task.finally(() => (isSettled = true));
    expect(passes).toHaveLength(1);
    passes[0]?.resolve();
    work.resolve(7);
    await settle();
    expect([passes.length, isSettled]).toEqual([2, false]);
    passes[1]?.resolve();
    expect(await task).toBe(7);
  });

  test('a span that ends with the call leaves the promise as it is, unless that is held back for the flush', async () => {
    const { passes } = gatedProvider();
    const promise = Promise.resolve(7);
    const modes = ['auto', 'background', 'never', 'await'] as const;
    const same = modes.map((mode) => traceTask(() => promise, { covers: 'call', flush: mode })() === promise);
    expect(same).toEqual([true, true, true, false]);
    for (let pass = 0; pass < 2; pass++) {
      passes[pass]?.resolve();
      await settle();
    }
    expect(passes).toHaveLength(2);
  });

  test('await: what covers the span outlasts the promise, which waits for no flush then', async () => {
    const { passes } = gatedProvider();
    const inside = deferred();
    const task = traceTask(async () => ({ inside: inside.promise }), {
      flush: 'await',
      covers: (result) => result.inside,
    });
    await task();
    expect(passes).toHaveLength(0);
    inside.resolve();
    await settle();
    expect(passes).toHaveLength(1);
    passes[0]?.resolve();
    await settle();
  });

  test('an aborted task flushes at the abort, not when it settles', async () => {
    const { passes } = gatedProvider();
    const controller = new AbortController();
    void traceTask((_signal: AbortSignal) => new Promise(() => {}))(controller.signal);
    expect(passes).toHaveLength(0);
    controller.abort();
    expect(passes).toHaveLength(1);
    passes[0]?.resolve();
    await settle();
  });
});

test('an unsampled task asks for no flush, and waits for none', async () => {
  const { provider } = record({ sampler: new AlwaysOffSampler() });
  const forceFlush = vi.spyOn(provider, 'forceFlush');
  for (const flushMode of ['background', 'await'] as const)
    await traceTask(async () => {}, { flush: flushMode, waitUntil: () => expect.unreachable() })();
  expect(forceFlush).not.toHaveBeenCalled();
});

test('an abort flushes what was going on inside the task, too', async () => {
  const { provider, rows } = record();
  const ended: string[][] = [];
  vi.spyOn(provider, 'forceFlush').mockImplementation(async () => {
    ended.push(rows().map(({ name }) => name));
  });
  const never = () => new Promise<never>(() => {});
  const inner = traceTask((_signal: AbortSignal) => never(), { name: 'inner', flush: 'never' });
  const outer = traceTask((signal: AbortSignal) => inner(signal), 'outer');
  const controller = new AbortController();
  void outer(controller.signal);
  controller.abort();
  expect(ended).toEqual([['inner', 'outer']]);
});

test('await: an aborted task flushes when its span ends, and when it settles, with what has ended since', async () => {
  const { provider, rows } = record();
  const ended: string[][] = [];
  vi.spyOn(provider, 'forceFlush').mockImplementation(async () => {
    ended.push(rows().map(({ name }) => name));
  });
  const work = deferred();
  const task = traceTask((_signal: AbortSignal) => withSpan('inner', () => work.promise), {
    name: 'outer',
    flush: 'await',
  });
  const controller = new AbortController();
  const outer = task(controller.signal);
  controller.abort();
  expect(ended).toEqual([['outer']]);
  work.resolve();
  await outer;
  expect(ended).toEqual([['outer'], ['outer', 'inner']]);
  // With nothing to hold back, at the end of the span.
  expect(() =>
    traceTask(
      (signal: AbortSignal) => {
        signal.throwIfAborted();
      },
      { flush: 'await' },
    )(controller.signal),
  ).toThrow('This operation was aborted');
  expect(ended).toHaveLength(3);
});

test('a task whose parent is in another process flushes', async () => {
  const { provider } = record();
  const forceFlush = vi.spyOn(provider, 'forceFlush');
  const remote = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, isRemote: true };
  await traceTask(async () => {}, { from: () => trace.setSpanContext(ROOT_CONTEXT, remote) })();
  expect(forceFlush).toHaveBeenCalledTimes(1);
});

test('only a timer that a caller waits for holds the process', async () => {
  const { passes } = gatedProvider();
  const started = vi.spyOn(globalThis, 'setTimeout');
  const held = () => started.mock.results.splice(0).map(({ value }) => (value as NodeJS.Timeout).hasRef());
  const live = startSpan({ name: 'live', timeoutMs: 50 });
  expect(held()).toEqual([false]);
  traceTask(() => {}, { flush: 'await' })();
  // The limit of the pass; nobody waits for it.
  expect(held()).toEqual([false]);
  const waiting = flush();
  const task = traceTask(async () => {}, { flush: 'await' })();
  await settle();
  const disposed = live[Symbol.asyncDispose]();
  expect(held()).toEqual([true, true, true]);
  for (let pass = 0; pass < 2; pass++) {
    passes[pass]!.resolve();
    await settle();
  }
  await Promise.all([waiting, task, disposed]);
});

test('the flush is that of the provider that the span is from', async () => {
  const { provider: first } = record();
  const firstFlush = vi.spyOn(first, 'forceFlush');
  const work = deferred();
  const task = traceTask(() => work.promise, { flush: 'await' })();
  const live = startSpan('live');
  const { provider: second } = record();
  const secondFlush = vi.spyOn(second, 'forceFlush');
  work.resolve();
  await task;
  await live[Symbol.asyncDispose]();
  expect([firstFlush.mock.calls.length, secondFlush.mock.calls.length]).toEqual([2, 0]);
});

test('a flush that is traced itself makes no span, and so no next flush', async () => {
  const { provider, rows } = record();
  const forceFlush = vi.spyOn(provider, 'forceFlush');
  forceFlush.mockImplementation(traceTask(async () => {}, 'forceFlush'));
  expect(await flush()).toEqual({ status: 'flushed' });
  expect(forceFlush).toHaveBeenCalledTimes(1);
  expect(rows()).toEqual([]);
});

test('a flush never throws', async () => {
  const { provider } = record();
  const error = new Error('no');
  Object.defineProperty(provider, 'forceFlush', {
    get: () => {
      throw error;
    },
  });
  expect(await flush()).toEqual({ status: 'failed', error });
  const unreadable = Object.create(AbortSignal.prototype) as AbortSignal;
  expect(await flush({ signal: unreadable })).toEqual({ status: 'failed', error });
  const complaint = "flush(): option 'signal' is an object; give an AbortSignal; ignored";
  expect(reported).toEqual([[`oncespan: ${complaint}`]]);
  let looks = 0;
  const turning = Object.defineProperty(new AbortController().signal, 'aborted', {
    get: () => {
      if (looks++ > 0) throw error;
      return false;
    },
  });
  expect(await flush({ signal: turning })).toEqual({ status: 'failed', error });
});

test.each<[string, () => unknown]>([
  ['a proxy that has been revoked', revoked],
  [
    'a proxy whose every look throws',
    () =>
      new Proxy(new Error('behind'), {
        get: () => {
          throw new Error('refused');
        },
      }),
  ],
])('a provider that fails with %s has failed', async (_what, failure) => {
  const { provider } = record();
  provider.forceFlush = () => Promise.reject(failure());
  const answer = await flush();
  expect(answer.status).toBe('failed');
  expect((answer as { error: unknown }).error instanceof Error).toBe(true);
  await turn();
});

test('timers that call at once: a flush has timed out, and leaves no listener', async () => {
  const { passes } = gatedProvider();
  const { signal } = new AbortController();
  vi.stubGlobal('setTimeout', (act: () => void, delayMs: number) => void (delayMs === 50 && act()));
  const flushed = flush({ timeoutMs: 50, signal });
  vi.unstubAllGlobals();
  expect(await flushed).toEqual({ status: 'timed-out' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  passes[0]!.resolve();
  await turn();
});

test.each(['its work', 'an abort', 'its time limit', 'the shutdown'])(
  'waitUntil is called where the call was made, also when %s ends the span',
  async (end) => {
    const { provider } = record();
    const work = deferred();
    const controller = new AbortController();
    const request = new AsyncLocalStorage<string>();
    const heard: unknown[] = [];
    const task = traceTask((_signal: AbortSignal) => work.promise, {
      timeoutMs: 50,
      waitUntil: () => void heard.push(request.getStore()),
    });
    const done = request.run('mine', () => task(controller.signal));
    await request.run('another', async () => {
      if (end === 'an abort') controller.abort();
      if (end === 'its time limit') vi.advanceTimersByTime(50);
      if (end === 'the shutdown') endSpansOf(provider);
      work.resolve();
      await done;
    });
    expect(heard).toEqual(['mine']);
  },
);

test('waitUntil may be async', async () => {
  record();
  const heard: FlushResult[] = [];
  await traceTask(async () => {}, {
    waitUntil: async (flushed) => void heard.push(await flushed),
  })();
  await settle();
  expect(heard).toEqual([{ status: 'flushed' }]);
  expect(reported).toEqual([]);
});

test('await using ends the span and waits for the flush; using only ends it', async () => {
  const { passes, rows } = gatedProvider();
  {
    using _span = startSpan('using');
  }
  expect(passes).toHaveLength(0);
  let isLeft = false;
  const scope = (async () => {
    await using _span = startSpan('await using');
  })().then(() => (isLeft = true));
  await settle();
  expect([passes.length, isLeft]).toEqual([1, false]);
  passes[0]?.resolve();
  await scope;
  expect(rows()).toEqual([{ name: 'using' }, { name: 'await using' }]);
});

test('the exporter runs in the root context, not in that of who asked', async () => {
  const { provider } = record();
  const active: unknown[] = [];
  provider.forceFlush = async () => void active.push(trace.getActiveSpan());
  await withSpan('asks', () => flush());
  expect(active).toEqual([undefined]);
});

test('await using waits as long as the instance says', async () => {
  const { passes } = gatedProvider();
  const tracing = createTracing({ flushTimeoutMs: 70 });
  let isLeft = false;
  const scope = (async () => {
    await using _span = tracing.startSpan('await using');
  })().then(() => (isLeft = true));
  await settle();
  await vi.advanceTimersByTimeAsync(69);
  expect(isLeft).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isLeft).toBe(true);
  passes[0]?.resolve();
  await scope;
});

test('waitUntil of the instance is given the flush of each task', async () => {
  const { passes } = gatedProvider();
  const given: unknown[][] = [];
  const { traceTask: task } = createTracing({
    waitUntil: (flushed, ...args) => void given.push([flushed instanceof Promise, ...args]),
  });
  expect(await task(async (_request: string) => 7)('a')).toBe(7);
  expect(await withSpan('GET /', () => task(async (_request: string) => 7)('b'))).toBe(7);
  expect(given).toEqual([
    [true, 'a'],
    [true, 'b'],
  ]);
  passes[0]?.resolve();
  await settle();
  passes[1]?.resolve();
  await settle();
});
