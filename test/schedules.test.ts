import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createTracing, type TaskOptions, type FlushResult } from '../src/index.ts';
import { endSpansOf } from '../src/span/end-many.ts';
import { deferred, record, seed, type SpanRow } from './harness.ts';

// Every order of abort, settle, time-out, shutdown, flush and configure(), with and without a turn of the microtask queue between.

const failure = new Error('failed');
const reason = new Error('aborted');
const GRACE_MS = 10;
const TIMEOUT_MS = 25;

type Step =
  | 'abort'
  | 'resolve'
  | 'reject'
  | 'reject with the reason'
  | 'wait'
  | 'turn'
  | 'shut down'
  | 'flush'
  | 'off'
  | 'on'
  | 'call again';

const step = fc.constantFrom<Step>(
  'abort',
  'resolve',
  'reject',
  'reject with the reason',
  'wait',
  'turn',
  'turn',
  'shut down',
  'flush',
  'off',
  'on',
  'call again',
);

type Options = TaskOptions & { timeoutMs?: number };

const options = fc.record<Options>(
  {
    abortGraceMs: fc.constantFrom(0, GRACE_MS),
    timeoutMs: fc.constantFrom(TIMEOUT_MS),
    flush: fc.constantFrom('auto', 'background', 'await', 'never'),
    cancellation: fc.constantFrom('error', 'unset'),
    covers: fc.constantFrom('work', 'call'),
  },
  { requiredKeys: ['abortGraceMs'] },
);

const endings: SpanRow[] = [
  { name: 'task' },
  {
    name: 'task',
    status: 'ERROR failed',
    attributes: { error: true, 'error.type': 'Error' },
    exceptions: ['Error: failed'],
  },
  {
    name: 'task',
    status: 'ERROR aborted',
    attributes: { error: true, 'oncespan.outcome': 'aborted', 'error.type': 'Error' },
    exceptions: ['Error: aborted'],
  },
  {
    name: 'task',
    attributes: { 'oncespan.outcome': 'aborted' },
  },
  {
    name: 'task',
    status: `ERROR the work had not settled after ${TIMEOUT_MS} ms`,
    attributes: { error: true, 'oncespan.outcome': 'timed-out', 'error.type': 'TimeoutError' },
    exceptions: [`TimeoutError: the work had not settled after ${TIMEOUT_MS} ms`],
  },
];

/** What the first of the steps to come says about the ending: an independent, sequential account of one traced call. */
function expectedEnding(
  steps: readonly Step[],
  { abortGraceMs, timeoutMs, cancellation, covers }: Options,
): SpanRow {
  const [returned, threw, aborted, abortedUnset, timedOut] = endings as [
    SpanRow,
    SpanRow,
    SpanRow,
    SpanRow,
    SpanRow,
  ];
  const asAborted = cancellation === 'unset' ? abortedUnset : aborted;
  if (covers === 'call') return returned;
  let now = 0;
  let graceEnds: number | undefined;
  let settled: Step | undefined;
  for (const next of [...steps, 'resolve', 'turn'] as const) {
    if (next === 'abort' && graceEnds === undefined) {
      if (abortGraceMs === 0) return asAborted;
      graceEnds = now + GRACE_MS;
    }
    if ((next === 'resolve' || next.startsWith('reject')) && settled === undefined) settled = next;
    // A promise tells of its settlement in the next turn of the microtask queue only.
    if (next === 'turn' && settled === 'resolve') return returned;
    if (next === 'turn' && settled === 'reject') return threw;
    if (next === 'turn' && settled !== undefined) return graceEnds === undefined ? reasonThrown : asAborted;
    if (next === 'shut down') return shutDown;
    if (next === 'wait') {
      now += GRACE_MS;
      const first = Math.min(graceEnds ?? Infinity, timeoutMs ?? Infinity);
      if (first <= now) return first === graceEnds ? asAborted : timedOut;
    }
  }
  throw new Error('unreachable');
}

const shutDown: SpanRow = {
  name: 'task',
  status: 'ERROR still live at the shutdown',
  attributes: { error: true, 'oncespan.outcome': 'shutdown', 'error.type': 'shutdown' },
};

const reasonThrown: SpanRow = {
  name: 'task',
  status: 'ERROR aborted',
  attributes: { error: true, 'error.type': 'Error' },
  exceptions: ['Error: aborted'],
};

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test(`in any order of events a task has one end, a flush at its end at most, with "await" one more as it settles, and nothing is left over (SEED=${seed})`, async () => {
  const { provider, spans, rows } = record();
  const forceFlush = vi.spyOn(provider, 'forceFlush');
  const { configure, traceTask, flush, liveSpans } = createTracing();
  await fc.assert(
    fc.asyncProperty(options, fc.array(step, { maxLength: 9 }), async (taskOptions, steps) => {
      spans().length = 0;
      forceFlush.mockClear();
      configure({ enabled: true });
      const controller = new AbortController();
      const work = deferred<string>();
      const fn = vi.fn((_signal: AbortSignal) => work.promise);
      const task = traceTask(fn, { name: 'task', ...taskOptions });
      const results = [task(controller.signal)];
      const flushes: Promise<FlushResult>[] = [];
      let enabled = true;
      let traced = 1;
      const act: Record<Step, () => unknown> = {
        abort: () => controller.abort(reason),
        resolve: () => work.resolve('value'),
        reject: () => work.reject(failure),
        'reject with the reason': () => work.reject(reason),
        wait: () => vi.advanceTimersByTime(GRACE_MS),
        turn,
        'shut down': () => endSpansOf(provider),
        flush: () => flushes.push(flush()),
        off: () => configure({ enabled: (enabled = false) }),
        on: () => configure({ enabled: (enabled = true) }),
        'call again': () => {
          results.push(task(controller.signal));
          if (enabled) traced++;
        },
      };
      const settlements = () => Promise.allSettled(results);
      for (const result of results) result.catch(() => {});
      for (const next of steps) {
        const pending = act[next]();
        if (next === 'turn') await pending;
        for (const result of results) result.catch(() => {});
      }
      work.resolve('value');
      const all = await settlements();
      await Promise.all(flushes);
      await turn();

      expect(fn).toHaveBeenCalledTimes(results.length);
      const alone = await work.promise.then(
        (value) => ({ status: 'fulfilled', value }),
        (error: unknown) => ({ status: 'rejected', reason: error }),
      );
      for (const settlement of all) expect(settlement).toEqual(alone);
      expect(spans()).toHaveLength(traced);
      for (const row of rows()) expect([...endings, reasonThrown, shutDown]).toContainEqual(row);
      if (!steps.includes('call again')) expect(rows()).toEqual([expectedEnding(steps, taskOptions)]);
      const requests =
        flushes.length + traced * { never: 0, await: 2, auto: 1, background: 1 }[taskOptions.flush ?? 'auto'];
      expect(forceFlush.mock.calls.length).toBeLessThanOrEqual(requests);
      expect({
        live: liveSpans(),
        listeners: getEventListeners(controller.signal, 'abort'),
        timers: vi.getTimerCount(),
      }).toEqual({ live: [], listeners: [], timers: 0 });
    }),
    { numRuns: 10_000, seed },
  );
}, 120_000);
