import { afterEach, describe, expect, test, vi } from 'vitest';
import { flush, startSpan, type TaskOptions, traceTask } from '../../src/index.ts';
import { acquireTracerProvider, endLiveSpans } from '../../src/sdk/index.ts';
import { answerAll, OK, registered } from './held-exporter.ts';

// Spans that this library ends in one go do not overflow the queue of its processor. A queue takes 10 here, a batch 2.

const LIMITS = { maxQueueSize: 10, maxExportBatchSize: 2 };
const never = () => new Promise<never>(() => {});

/** As many tasks as are told, all of which wait for ever. */
function start(count: number, options: TaskOptions, ...args: unknown[]): void {
  const task = traceTask((..._given: unknown[]) => never(), { flush: 'never', ...options });
  for (let i = 0; i < count; i++) void task(...args);
}

afterEach(() => endLiveSpans());

describe('more spans than the queue takes all arrive when they end', () => {
  const ways: [string, () => () => unknown][] = [
    [
      'with the signal that they share',
      () => {
        const controller = new AbortController();
        start(100, {}, controller.signal);
        return () => controller.abort();
      },
    ],
    [
      'by their time-outs in one tick',
      () => {
        start(100, { timeoutMs: 10 });
        return () => vi.advanceTimersByTime(10);
      },
    ],
    [
      'when the application says so',
      () => {
        start(100, {});
        return endLiveSpans;
      },
    ],
    [
      'as handles that nobody has ended',
      () => {
        for (let i = 0; i < 100; i++) startSpan('handle');
        return endLiveSpans;
      },
    ],
  ];
  test.each(ways)('%s', async (_how, begin) => {
    const { exporter, processor } = registered(LIMITS);
    exporter.export = (_spans, answer) => setImmediate(() => answer(OK));
    begin()();
    expect(await flush()).toEqual({ status: 'flushed' });
    expect(processor.stats()).toMatchObject({ exported: 100, dropped: 0 });
  });

  test('with the last release', async () => {
    const made = registered(LIMITS);
    made.exporter.export = (_spans, answer) => setImmediate(() => answer(OK));
    const lease = await acquireTracerProvider(() => made.provider);
    start(100, {});
    await lease.release();
    expect(made.processor.stats()).toMatchObject({ exported: 100, dropped: 0 });
  });

  test('while the queue is full already', async () => {
    const { exporter, processor, end } = registered(LIMITS);
    for (let i = 0; i < 20; i++) end('short');
    const controller = new AbortController();
    start(100, {}, controller.signal);
    controller.abort();
    expect(processor.stats()).toMatchObject({ queued: 110, exporting: 2, dropped: 8 });
    // What the application ends finds no room before the queue has room again.
    end('short');
    expect(processor.stats()).toMatchObject({ dropped: 9 });
    await answerAll(exporter);
  });
});

test('with an exporter that hangs, the queue is bounded by its size and the most spans that were live', async () => {
  const { exporter, processor } = registered(LIMITS);
  const wave = (count: number) => {
    const controller = new AbortController();
    start(count, {}, controller.signal);
    controller.abort();
  };
  // What was there before the queue had room again does not count.
  wave(500);
  await answerAll(exporter);
  for (let waves = 0; waves < 20; waves++) wave(100);
  const { queued, exporting, dropped } = processor.stats();
  expect([queued, exporting, dropped]).toEqual([110, 2, 2000 - 112]);
  await answerAll(exporter);
});

test.each(['returns', 'throws'])('spans of work that %s find as much room as the queue has', async (how) => {
  const { exporter, processor } = registered(LIMITS);
  const work = traceTask(
    () => {
      if (how === 'throws') throw new Error('no reply');
    },
    { flush: 'never' },
  );
  for (let i = 0; i < 100; i++)
    try {
      work();
    } catch {
      // As it would without us.
    }
  expect(processor.stats()).toMatchObject({ queued: 10, exporting: 2, dropped: 88 });
  await answerAll(exporter);
});

test('spans that somebody else has started and never ends do not count', async () => {
  const { exporter, processor, provider } = registered(LIMITS);
  for (let i = 0; i < 1000; i++) provider.getTracer('other').startSpan('never ended');
  for (let waves = 0; waves < 5; waves++) {
    start(100, {});
    endLiveSpans();
  }
  expect(processor.stats()).toMatchObject({ queued: 110, exporting: 2, dropped: 500 - 112 });
  await answerAll(exporter);
});
