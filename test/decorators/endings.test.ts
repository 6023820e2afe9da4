import { describe, expect, test, vi } from 'vitest';
import { type Deferred, deferred, record, type SpanRow } from '../harness.ts';
import { ABORTED, failure, type Options, reason, RETURNED, threw, TIMED_OUT, ways } from './wrapped.ts';

// Every ending × every way to wrap; the ways with decorators run in both dialects.

class Refusal extends Error {
  override name = 'Refusal';
  code = 'E_REFUSED';
}

const refusal = new Refusal('no');
const ABORTED_UNSET: SpanRow = { name: 'work', attributes: { 'oncespan.outcome': 'aborted' } };
const IGNORED: SpanRow = { name: 'work', attributes: { 'oncespan.outcome': 'ignored' } };
interface Ending {
  options?: Options;
  /** Aborted before the call. */
  aborted?: boolean;
  expected: SpanRow;
}

interface SyncEnding extends Ending {
  fn: (controller: AbortController) => unknown;
}

const syncEndings: Record<string, SyncEnding> = {
  returns: { fn: () => 'value', expected: RETURNED },
  throws: {
    fn: () => {
      throw failure;
    },
    expected: threw('TypeError', 'no stock'),
  },
  'throws an error with a code': {
    fn: () => {
      throw refusal;
    },
    expected: threw('Refusal', 'no', 'E_REFUSED'),
  },
  'throws an ignored error': {
    options: { ignoreErrors: TypeError },
    fn: () => {
      throw failure;
    },
    expected: IGNORED,
  },
  'is aborted before the call and returns': { aborted: true, fn: () => 'value', expected: ABORTED },
  'is aborted before the call and throws the reason': {
    aborted: true,
    fn: ({ signal }) => signal.throwIfAborted(),
    expected: ABORTED,
  },
  'aborts itself and returns': {
    fn: (controller) => {
      controller.abort(reason);
      return 'value';
    },
    expected: ABORTED,
  },
  'aborts itself and throws something else': {
    fn: (controller) => {
      controller.abort(reason);
      throw failure;
    },
    expected: ABORTED,
  },
  'aborts itself, not an error': {
    options: { cancellation: 'unset' },
    fn: (controller) => controller.abort(reason),
    expected: ABORTED_UNSET,
  },
  'aborts itself and returns in the grace period': {
    options: { abortGraceMs: 10 },
    fn: (controller) => controller.abort(reason),
    expected: RETURNED,
  },
  'aborts itself and throws the reason in the grace period': {
    options: { abortGraceMs: 10 },
    fn: (controller) => {
      controller.abort(reason);
      throw reason;
    },
    expected: ABORTED,
  },
  'returns before its time is over': { options: { timeoutMs: 50 }, fn: () => 'value', expected: RETURNED },
};

interface PromiseEnding extends Ending {
  drive: (work: Deferred<unknown>, controller: AbortController) => void | Promise<void>;
}

const promiseEndings: Record<string, PromiseEnding> = {
  resolves: { drive: (work) => work.resolve('value'), expected: RETURNED },
  rejects: { drive: (work) => work.reject(failure), expected: threw('TypeError', 'no stock') },
  'rejects with an ignored error': {
    options: { ignoreErrors: [Refusal, (error) => error === failure] },
    drive: (work) => work.reject(failure),
    expected: IGNORED,
  },
  'is aborted and rejects with the reason': {
    drive: (work, controller) => {
      controller.abort(reason);
      work.reject(reason);
    },
    expected: ABORTED,
  },
  'is aborted and resolves all the same': {
    drive: (work, controller) => {
      controller.abort(reason);
      work.resolve('value');
    },
    expected: ABORTED,
  },
  'settles and is aborted in the same tick': {
    drive: (work, controller) => {
      work.resolve('value');
      controller.abort(reason);
    },
    expected: ABORTED,
  },
  'settles and is aborted later': {
    drive: async (work, controller) => {
      work.resolve('value');
      await tick();
      controller.abort(reason);
    },
    expected: RETURNED,
  },
  'is aborted before the call and resolves': {
    aborted: true,
    drive: (work) => work.resolve('value'),
    expected: ABORTED,
  },
  'is aborted, not an error': {
    options: { cancellation: 'unset' },
    drive: (work, controller) => {
      controller.abort(reason);
      work.reject(reason);
    },
    expected: ABORTED_UNSET,
  },
  'is aborted for a reason that is ignored': {
    options: { ignoreErrors: Error },
    drive: (work, controller) => {
      controller.abort(reason);
      work.reject(reason);
    },
    expected: { name: 'work', attributes: { 'oncespan.outcome': 'aborted' } },
  },
  'resolves in the grace period': {
    options: { abortGraceMs: 10 },
    drive: (work, controller) => {
      controller.abort(reason);
      vi.advanceTimersByTime(9);
      work.resolve('value');
    },
    expected: RETURNED,
  },
  'rejects in the grace period with an AbortError': {
    options: { abortGraceMs: 10 },
    drive: (work, controller) => {
      controller.abort(reason);
      work.reject(new DOMException('stopped', 'AbortError'));
    },
    expected: ABORTED,
  },
  'rejects in the grace period with an error caused by the reason': {
    options: { abortGraceMs: 10 },
    drive: (work, controller) => {
      controller.abort(reason);
      work.reject(new Error('stopped', { cause: reason }));
    },
    expected: ABORTED,
  },
  'rejects in the grace period for another reason': {
    options: { abortGraceMs: 10 },
    drive: (work, controller) => {
      controller.abort(reason);
      work.reject(failure);
    },
    expected: threw('TypeError', 'no stock'),
  },
  'outlasts the grace period': {
    options: { abortGraceMs: 10 },
    drive: (work, controller) => {
      controller.abort(reason);
      vi.advanceTimersByTime(10);
      work.reject(failure);
    },
    expected: ABORTED,
  },
  'outlasts its time': {
    options: { timeoutMs: 50 },
    drive: (work) => {
      vi.advanceTimersByTime(50);
      work.reject(failure);
    },
    expected: TIMED_OUT,
  },
  'settles in time': {
    options: { timeoutMs: 50 },
    drive: (work) => {
      vi.advanceTimersByTime(49);
      work.reject(failure);
    },
    expected: threw('TypeError', 'no stock'),
  },
  'outlasts its time in the grace period': {
    options: { timeoutMs: 50, abortGraceMs: 100 },
    drive: (work, controller) => {
      controller.abort(reason);
      vi.advanceTimersByTime(100);
      work.resolve('value');
    },
    expected: TIMED_OUT,
  },
  'covers the call only': {
    options: { covers: 'call' },
    drive: (work) => work.reject(failure),
    expected: RETURNED,
  },
};

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What came out, for a comparison with what would come out of the function alone. */
async function settled(call: () => unknown): Promise<unknown[]> {
  try {
    const result = call();
    const kind = result instanceof Promise ? 'resolved' : 'returned';
    return [kind, await result];
  } catch (error) {
    return ['threw', error];
  }
}

describe.each(Object.entries(ways))('%s', (_way, wrap) => {
  test.each(Object.entries(syncEndings))('synchronous work %s', async (_ending, ending) => {
    const { rows } = record();
    const alone = new AbortController();
    const traced = new AbortController();
    if (ending.aborted) {
      alone.abort(reason);
      traced.abort(reason);
    }
    const fn = vi.fn(() => ending.fn(traced));
    const [kind, value] = await settled(wrap({ signal: traced.signal, ...ending.options }, fn));
    const [kindAlone, valueAlone] = await settled(() => ending.fn(alone));
    expect(fn).toHaveBeenCalledTimes(1);
    expect(kind).toBe(kindAlone);
    expect(value).toBe(valueAlone);
    expect(rows()).toEqual([ending.expected]);
  });

  test.each(Object.entries(promiseEndings))('work %s', async (_ending, ending) => {
    const { rows } = record();
    const controller = new AbortController();
    if (ending.aborted) controller.abort(reason);
    const work = deferred<unknown>();
    const fn = vi.fn(() => work.promise);
    const result = settled(wrap({ signal: controller.signal, ...ending.options }, fn));
    await ending.drive(work, controller);
    const [kind, value] = await result;
    const [kindAlone, valueAlone] = await settled(() => work.promise);
    expect(kind).toBe(kindAlone);
    expect(value).toBe(valueAlone);
    expect(fn).toHaveBeenCalledTimes(1);
    expect(rows()).toEqual([ending.expected]);
  });
});
