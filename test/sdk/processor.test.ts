import { getEventListeners } from 'node:events';
import { createRequire } from 'node:module';
import { context, createContextKey, diag, trace } from '@opentelemetry/api';
import type * as core from '@opentelemetry/core';
import { loggingErrorHandler, setGlobalErrorHandler } from '@opentelemetry/core';
import {
  AlwaysOffSampler,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { SpanExporter as SpanExporter2, SpanProcessor as SpanProcessor2 } from 'sdk-trace-2';
import Bluebird from 'bluebird';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { flush, withSpan } from '../../src/index.ts';
import {
  type BatchOptions,
  type EndedSpan,
  type Exporter,
  SerialBatchSpanProcessor,
} from '../../src/sdk/index.ts';
import { deferred, reported } from '../harness.ts';
import { answerAll, HeldExporter, OK, serial, turn } from './held-exporter.ts';

const failure = new Error('collector is down');
const SILENT = { error() {}, warn() {}, info() {}, debug() {}, verbose() {} };
const FAILED = { code: 1, error: failure };
const NO_DROPS = { queueFull: 0, afterShutdown: 0, gaveUp: 0 };
const NOTHING = {
  queued: 0,
  exporting: 0,
  exported: 0,
  failed: 0,
  unknown: 0,
  dropped: 0,
  drops: NO_DROPS,
  passes: 0,
  overdueExports: 0,
};
/** Without what the SDK's own error handler says. */
const said = () => reported.map(([what]) => what as string).filter((what) => what.startsWith('oncespan'));

const spanOf = (name: string) => ({
  name,
  spanContext: () => ({ traceId: '1', spanId: '1', traceFlags: 1 }),
});

/** How a promise has settled so far. */
function watch(promise: Promise<unknown>) {
  const seen: { status: 'pending' | 'fulfilled' | 'rejected'; reason?: unknown } = { status: 'pending' };
  promise.then(
    () => (seen.status = 'fulfilled'),
    (reason: unknown) => Object.assign(seen, { status: 'rejected', reason }),
  );
  return seen;
}

describe('when an export starts', () => {
  test('after the delay, with everything that ended since; none while there is nothing', async () => {
    const { exporter, processor, end } = serial();
    expect(vi.getTimerCount()).toBe(0);
    end('a', 'b');
    vi.advanceTimersByTime(4999);
    expect(processor.stats()).toEqual({ ...NOTHING, queued: 2 });
    vi.advanceTimersByTime(1);
    await turn();
    expect(exporter.batches).toEqual([['a', 'b']]);
    expect(processor.stats()).toEqual({ ...NOTHING, exporting: 2, passes: 1 });
    exporter.exports[0]?.answer(OK);
    await turn();
    expect(processor.stats()).toEqual({ ...NOTHING, exported: 2, passes: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('at once with a full batch, never on the stack of span.end()', async () => {
    const { exporter, end } = serial({ maxExportBatchSize: 2 });
    end('a', 'b', 'c');
    expect(exporter.batches).toEqual([]);
    await turn();
    expect(exporter.batches).toEqual([['a', 'b']]);
    exporter.exports[0]?.answer(OK);
    await turn();
    vi.advanceTimersByTime(5000);
    await turn();
    expect(exporter.batches).toEqual([['a', 'b'], ['c']]);
    exporter.exports[1]?.answer(OK);
    await turn();
  });

  test('one after the other, whatever is asked for meanwhile', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 2 });
    end('a', 'b', 'c', 'd', 'e');
    const flushes = [processor.forceFlush(), processor.forceFlush()];
    vi.advanceTimersByTime(20_000);
    await turn();
    expect(exporter.batches).toEqual([['a', 'b']]);
    for (let i = 0; i < 3; i++) {
      expect(exporter.exports).toHaveLength(i + 1);
      exporter.exports[i]?.answer(OK);
      await turn();
    }
    await Promise.all(flushes);
    expect(exporter.batches).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  test('spans that were not sampled are left out', async () => {
    const exporter = new HeldExporter();
    const processor = new SerialBatchSpanProcessor(exporter);
    const provider = new TracerProvider({ sampler: new AlwaysOffSampler(), spanProcessors: [processor] });
    provider.getTracer('test').startSpan('unsampled').end();
    expect(processor.stats()).toEqual(NOTHING);
    const recordOnly = { spanContext: () => ({ traceId: '1', spanId: '1', traceFlags: 0 }) };
    processor.onEnd(recordOnly);
    expect(processor.stats()).toEqual(NOTHING);
  });

  test('a batch leaves the queue on the stack of span.end(): a burst fills the queue and what the exporter takes', async () => {
    const { exporter, processor, end } = serial({ maxQueueSize: 4, maxExportBatchSize: 2 });
    end('a', 'b', 'c', 'd', 'e', 'f', 'g');
    expect(processor.stats()).toMatchObject({ queued: 4, exporting: 2, dropped: 1 });
    await answerAll(exporter);
    expect(exporter.batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ]);
  });

  test('a backlog is exported in full batches; what is left over waits for its delay, from the last answer on', async () => {
    const { exporter, end } = serial({ maxExportBatchSize: 2 });
    end('a', 'b', 'c', 'd', 'e');
    await turn();
    vi.advanceTimersByTime(4000);
    await answerAll(exporter);
    vi.advanceTimersByTime(4999);
    await turn();
    expect(exporter.batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    vi.advanceTimersByTime(1);
    await turn();
    expect(exporter.batches.at(-1)).toEqual(['e']);
    await answerAll(exporter);
  });

  test('a full queue drops what ends, counts it and reports it with the next pass', async () => {
    const { exporter, processor, end } = serial({ maxQueueSize: 2, maxExportBatchSize: 2 });
    end('a', 'b', 'c', 'd', 'e', 'f');
    expect(processor.stats()).toMatchObject({
      queued: 2,
      exporting: 2,
      dropped: 2,
      drops: { ...NO_DROPS, queueFull: 2 },
    });
    expect(said()).toEqual([]);
    await answerAll(exporter);
    end('g');
    const flushed = watch(processor.forceFlush());
    await answerAll(exporter);
    expect(flushed).toEqual({
      status: 'rejected',
      reason: new Error('2 spans were dropped: the queue was full'),
    });
    await processor.forceFlush();
    expect(exporter.batches).toEqual([['a', 'b'], ['c', 'd'], ['g']]);
    expect(said()).toEqual(['oncespan: 2 spans were dropped: the queue was full (2)']);
  });

  test('by default with 512, of 2,048 that wait', async () => {
    const { exporter, processor, end } = serial();
    end(...Array.from({ length: 2048 + 512 + 7 }, (_, i) => `span ${i}`));
    expect(processor.stats()).toMatchObject({ queued: 2048, exporting: 512, dropped: 7 });
    const flushed = watch(processor.forceFlush());
    await answerAll(exporter);
    expect(exporter.exports.map(({ names }) => names.length)).toEqual([512, 512, 512, 512, 512]);
    expect(flushed.status).toBe('rejected');
  });

  test('what is no span is reported, and harms nothing', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    processor.onEnd(null as never);
    end('a');
    await answerAll(exporter);
    expect(processor.stats()).toEqual({ ...NOTHING, exported: 1, passes: 1 });
    expect(said()).toEqual(['oncespan: a span that had ended could not be taken']);
  });

  test('with more than one at once, as they fill up, and in that order', async () => {
    const { exporter, processor, end } = serial({ maxConcurrentExports: 2, maxExportBatchSize: 2 });
    end('a', 'b', 'c', 'd', 'e', 'f');
    await turn();
    expect(exporter.batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    const flushed = watch(processor.forceFlush());
    exporter.exports[1]?.answer(OK);
    await turn();
    expect(exporter.batches.at(-1)).toEqual(['e', 'f']);
    exporter.exports[2]?.answer(OK);
    await turn();
    // It waits for the batch that was first, however many later ones have arrived.
    expect([flushed.status, exporter.flushes]).toEqual(['pending', 0]);
    exporter.exports[0]?.answer(OK);
    await turn();
    expect([flushed.status, exporter.flushes]).toEqual(['fulfilled', 1]);
    expect(processor.stats()).toMatchObject({ exported: 6, exporting: 0 });
  });

  test('with more than one at once, what is left over does not wait for the answer of another', async () => {
    const { exporter, end } = serial({ maxConcurrentExports: 2, maxExportBatchSize: 2 });
    end('a', 'b', 'c');
    await turn();
    vi.advanceTimersByTime(5000);
    await turn();
    expect(exporter.batches).toEqual([['a', 'b'], ['c']]);
    await answerAll(exporter);
  });
});

describe('a flush', () => {
  test('with nothing ended asks the exporter to flush all the same', async () => {
    const { exporter, processor } = serial();
    await processor.forceFlush();
    expect([exporter.exports.length, exporter.flushes]).toEqual([0, 1]);
  });

  test('that is served in time leaves neither its timer nor its listener', async () => {
    const { processor } = serial();
    const { signal } = new AbortController();
    await processor.forceFlush({ timeoutMs: 10, signal });
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort')]).toEqual([0, []]);
  });

  test('waits for the batch in flight, then for the exporter’s own forceFlush', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    const own = deferred();
    exporter.forceFlush = () => own.promise;
    end('a');
    await turn();
    const flushed = watch(processor.forceFlush());
    await turn();
    expect(flushed.status).toBe('pending');
    exporter.exports[0]?.answer(OK);
    await turn();
    expect(flushed.status).toBe('pending');
    own.resolve();
    await turn();
    expect(flushed.status).toBe('fulfilled');
  });

  test('through the provider of the SDK waits for the batch in flight too', async () => {
    const { exporter, provider, end } = serial({ maxExportBatchSize: 1 });
    end('a');
    await turn();
    const flushed = watch(provider.forceFlush());
    await turn();
    expect(flushed.status).toBe('pending');
    exporter.exports[0]?.answer(OK);
    await turn();
    expect(flushed.status).toBe('fulfilled');
  });

  test('waits for no span that ends later', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    end('a');
    const flushed = watch(processor.forceFlush());
    await turn();
    end('b', 'c');
    exporter.exports[0]?.answer(OK);
    await turn();
    expect(flushed.status).toBe('fulfilled');
    for (const at of [1, 2]) {
      exporter.exports[at]?.answer(OK);
      await turn();
    }
    expect(processor.stats()).toMatchObject({ exported: 3 });
  });

  test('requests made during a pass share the next one', async () => {
    const { exporter, processor, end } = serial();
    end('a');
    const first = processor.forceFlush();
    await turn();
    end('b');
    const others = Array.from({ length: 100 }, () => processor.forceFlush());
    exporter.exports[0]?.answer(OK);
    await first;
    await turn();
    exporter.exports[1]?.answer(OK);
    await Promise.all(others);
    expect(exporter.batches).toEqual([['a'], ['b']]);
    expect([processor.stats().passes, exporter.flushes]).toEqual([2, 2]);
  });

  test('rejects with the failure of a batch that it covers, and of no other', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    end('a', 'b');
    const covering = watch(processor.forceFlush());
    await turn();
    end('c');
    const later = watch(processor.forceFlush());
    exporter.exports[0]?.answer(FAILED);
    await turn();
    exporter.exports[1]?.answer(OK);
    await turn();
    exporter.exports[2]?.answer(OK);
    await turn();
    // The later one was asked for while `a` was still in flight, so it covers that too.
    expect([covering, later]).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ]);
    await processor.forceFlush();
    expect(processor.stats()).toMatchObject({ exported: 2, failed: 1 });
    expect(reported[0]).toEqual(['oncespan: an export of 1 spans failed', failure]);
  });

  test('rejects with all failures as one when there are several', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    exporter.forceFlush = () => Promise.reject(failure);
    end('a');
    const flushed = processor.forceFlush();
    await turn();
    exporter.exports[0]?.answer({ code: 1 });
    await expect(flushed).rejects.toMatchObject({
      name: 'AggregateError',
      errors: [new Error('the exporter reported a failure and no error'), failure],
    });
  });

  test('does not fail for a span that ended after it was asked for', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    end('a');
    const flushed = processor.forceFlush();
    await turn();
    end('b');
    exporter.exports[0]?.answer(OK);
    await flushed;
    await turn();
    exporter.exports[1]?.answer(FAILED);
    await turn();
    expect(processor.stats()).toMatchObject({ exported: 1, failed: 1 });
  });

  test('tells of what failed before, and was told to nobody, once', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1, maxQueueSize: 1 });
    end('a', 'b', 'c');
    const left = watch(processor.forceFlush({ timeoutMs: 10 }));
    await turn();
    vi.advanceTimersByTime(10);
    await turn();
    expect(left).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError' } });
    exporter.exports[0]?.answer(FAILED);
    await turn();
    exporter.exports[1]?.answer(OK);
    await turn();
    await expect(processor.forceFlush()).rejects.toMatchObject({
      errors: [failure, new Error('1 spans were dropped: the queue was full')],
    });
    await processor.forceFlush();
  });

  test('tells of dropped spans, with every other that was asked for meanwhile', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1, maxQueueSize: 1 });
    end('a', 'b', 'c');
    const both = [watch(processor.forceFlush()), watch(processor.forceFlush())];
    await answerAll(exporter);
    const told = { status: 'rejected', reason: new Error('1 spans were dropped: the queue was full') };
    expect(both).toEqual([told, told]);
    await processor.forceFlush();
  });

  test('tells of what ended too late, though the flush before was not waited for', async () => {
    const { exporter, processor, end } = serial();
    end('a');
    const shutdown = processor.shutdown();
    end('late');
    const left = watch(processor.forceFlush({ timeoutMs: 10 }));
    vi.advanceTimersByTime(10);
    await answerAll(exporter);
    await shutdown;
    expect(left).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError' } });
    await expect(processor.forceFlush()).rejects.toThrow(
      '1 spans were dropped: they ended after the shutdown',
    );
    await processor.forceFlush();
  });

  test('whose signal is aborted by what it asks for is answered', async () => {
    let controller = new AbortController();
    const { exporter, processor, end } = serial({ maxQueueSize: 1 });
    diag.setLogger({ ...SILENT, warn: () => controller.abort(failure) });
    // The SDK has warned of the logger itself.
    controller = new AbortController();
    const aborted = new AbortController();
    trace.setGlobalTracerProvider({
      getTracer: () => trace.getTracer('none'),
      forceFlush: async () => aborted.abort(failure),
    } as never);
    end('a', 'b', 'c');
    await expect(processor.forceFlush({ signal: controller.signal })).rejects.toBe(failure);
    expect(await flush({ signal: aborted.signal })).toEqual({ status: 'aborted', reason: failure });
    await answerAll(exporter);
  });

  test('after a shutdown that gave up fails as that did', async () => {
    const { processor, end } = serial({ maxExportBatchSize: 1 });
    end('a', 'b');
    const shutdown = watch(processor.shutdown({ timeoutMs: 10 }));
    await turn();
    vi.advanceTimersByTime(10);
    await turn();
    await expect(processor.forceFlush()).rejects.toBe(shutdown.reason);
  });

  test('through a provider that wraps the processor is answered when the exporter has answered', async () => {
    const { exporter, processor, end } = serial();
    const order: string[] = [];
    trace.setGlobalTracerProvider({
      getTracer: () => trace.getTracer('none'),
      forceFlush: async () => {
        await processor.forceFlush();
        order.push('after');
      },
    } as never);
    end('a');
    const flushed = flush();
    await turn();
    order.push('answered');
    exporter.exports[0]?.answer(OK);
    expect(await flushed).toEqual({ status: 'flushed' });
    expect(order).toEqual(['answered', 'after']);
  });

  test('that is not awaited any more is detached, while the export and the others go on', async () => {
    const { exporter, processor, end } = serial();
    end('a');
    const controller = new AbortController();
    const add = vi.spyOn(controller.signal, 'addEventListener');
    const remove = vi.spyOn(controller.signal, 'removeEventListener');
    const timedOut = watch(processor.forceFlush({ timeoutMs: 10 }));
    const aborted = watch(processor.forceFlush({ signal: controller.signal }));
    const other = watch(processor.forceFlush());
    await turn();
    vi.advanceTimersByTime(10);
    controller.abort(failure);
    await turn();
    expect(timedOut).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError' } });
    expect(aborted).toEqual({ status: 'rejected', reason: failure });
    expect(other.status).toBe('pending');
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([1, 1]);
    exporter.exports[0]?.answer(OK);
    await turn();
    expect(other.status).toBe('fulfilled');
    expect(exporter.batches).toEqual([['a']]);
  });

  test('with a signal that has aborted already starts nothing', async () => {
    const { exporter, processor, end } = serial();
    end('a');
    await expect(processor.forceFlush({ signal: AbortSignal.abort(failure) })).rejects.toBe(failure);
    await turn();
    expect([exporter.exports.length, processor.stats().passes]).toEqual([0, 0]);
    vi.clearAllTimers();
  });
});

describe('an exporter that', () => {
  const run = async (act: (exporter: HeldExporter) => void, settle: (exporter: HeldExporter) => unknown) => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1, exportTimeoutMillis: 1000 });
    const held = exporter.export;
    act(exporter);
    end('bad');
    const flushed = watch(processor.forceFlush());
    await turn();
    await settle(exporter);
    await turn();
    exporter.export = held;
    end('good');
    await turn();
    exporter.exports.at(-1)?.answer(OK);
    await turn();
    expect(vi.getTimerCount()).toBe(0);
    return { flushed, stats: processor.stats() };
  };

  test('throws has failed, and the next export takes place', async () => {
    const throwing = (exporter: HeldExporter) => {
      exporter.export = () => {
        throw failure;
      };
    };
    const { flushed, stats } = await run(throwing, () => {});
    expect(flushed).toEqual({ status: 'rejected', reason: failure });
    expect(stats).toMatchObject({ exported: 1, failed: 1 });
  });

  test('rejects an async export() has failed, and no rejection is unhandled', async () => {
    const rejecting = (exporter: HeldExporter) => {
      exporter.export = (() => Promise.reject(failure)) as SpanExporter['export'] as never;
    };
    const { flushed, stats } = await run(rejecting, () => {});
    expect(flushed).toEqual({ status: 'rejected', reason: failure });
    expect(stats).toMatchObject({ exported: 1, failed: 1 });
  });

  test('hangs is given up after 30 s by default', async () => {
    const { processor, end } = serial({ maxExportBatchSize: 1 });
    end('a');
    await turn();
    vi.advanceTimersByTime(29_999);
    await turn();
    expect(processor.stats()).toMatchObject({ exporting: 1, unknown: 0 });
    vi.advanceTimersByTime(1);
    await turn();
    expect(processor.stats()).toMatchObject({ exporting: 0, unknown: 1 });
  });

  test('hangs is given up after exportTimeoutMillis: whether the batch arrived is unknown', async () => {
    const { flushed, stats } = await run(
      () => {},
      () => vi.advanceTimersByTime(1000),
    );
    expect(flushed).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError' } });
    expect(stats).toMatchObject({ exported: 1, unknown: 1 });
    expect(said()).toEqual(['oncespan: an export of 1 spans hung']);
  });

  test('calls back twice, or late, is heard once', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1, exportTimeoutMillis: 1000 });
    end('a', 'b', 'c');
    await turn();
    exporter.exports[0]?.answer(OK);
    exporter.exports[0]?.answer(FAILED);
    await turn();
    exporter.exports[0]?.answer(FAILED);
    vi.advanceTimersByTime(1000);
    await turn();
    exporter.exports[1]?.answer(OK);
    await turn();
    expect(processor.stats()).toMatchObject({ exporting: 1, exported: 1, unknown: 1, failed: 0 });
    exporter.exports[2]?.answer(OK);
    await turn();
    expect(processor.stats()).toMatchObject({ exporting: 0, exported: 2, unknown: 1, failed: 0 });
  });

  test('answers with what throws when it is read has failed', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    exporter.export = (_spans, answer) =>
      answer({
        get code(): number {
          throw failure;
        },
      });
    end('a');
    await turn();
    expect(processor.stats()).toMatchObject({ failed: 1 });
  });

  test('goes on after its time-out is counted for as long as it does', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1, exportTimeoutMillis: 1000 });
    end('a');
    await turn();
    vi.advanceTimersByTime(1000);
    await turn();
    end('b');
    await turn();
    expect([exporter.batches, processor.stats()]).toMatchObject([
      [['a'], ['b']],
      { exporting: 1, unknown: 1, overdueExports: 1 },
    ]);
    await answerAll(exporter);
    expect(processor.stats()).toMatchObject({ exported: 1, unknown: 1, overdueExports: 0 });
  });

  test('empties the array that it was given does not confuse the accounts', async () => {
    const { exporter, processor, end } = serial();
    exporter.export = (spans, answer) => {
      spans.length = 0;
      answer(OK);
    };
    end('a', 'b', 'c');
    await processor.forceFlush();
    expect(processor.stats()).toMatchObject({ queued: 0, exporting: 0, exported: 3 });
  });

  test.each([
    ['is none', class {}],
    ['is Bluebird', Bluebird],
  ])('works under a global Promise that %s', async (_how, Replaced) => {
    const under = <R>(act: () => R): R => {
      vi.stubGlobal('Promise', Replaced);
      try {
        return act();
      } finally {
        vi.unstubAllGlobals();
      }
    };
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    exporter.export = (_spans, answer) => under(() => answer(OK));
    under(() => end('a', 'b'));
    await under(() => processor.forceFlush());
    await under(() => processor.shutdown());
    expect([processor.stats().exported, exporter.flushes, exporter.shutdowns]).toEqual([2, 2, 1]);
  });

  test('refuses is heard of at the level ERROR, and by the handler of the SDK’s errors', async () => {
    const { exporter, processor, end } = serial();
    const heard: unknown[] = [];
    exporter.export = (_spans, answer) => answer(FAILED);
    setGlobalErrorHandler((error) => void heard.push(error));
    end('a');
    await processor.forceFlush().catch(() => {});
    setGlobalErrorHandler(loggingErrorHandler());
    expect(heard).toEqual([failure]);
    // What an application in CommonJS requires is another copy.
    const copy = createRequire(import.meta.url)('@opentelemetry/core') as typeof core;
    expect(copy.setGlobalErrorHandler).not.toBe(setGlobalErrorHandler);
    copy.setGlobalErrorHandler((error) => void heard.push(error));
    end('b');
    await processor.forceFlush().catch(() => {});
    copy.setGlobalErrorHandler(() => {});
    expect(heard).toEqual([failure, failure]);
    diag.setLogger({ ...SILENT, error: (...what) => void heard.push(what) });
    heard.length = 0;
    end('c');
    await processor.forceFlush().catch(() => {});
    // By each copy of `@opentelemetry/core` that is loaded here; SDK 2 brings one of its own.
    expect(heard.length).toBeGreaterThan(0);
    expect(new Set(heard.flat())).toEqual(new Set([expect.stringContaining('collector is down')]));
  });

  test('refuses is told to handlers that throw, and where handlers cannot be looked for', async () => {
    const { exporter, processor, end } = serial();
    exporter.export = (_spans, answer) => answer(FAILED);
    const sabotage = () => {
      throw new Error('no handler');
    };
    const path = '/app/node_modules/@opentelemetry/core/build/src/index.js';
    const caches = [() => ({ [path]: { exports: { globalErrorHandler: sabotage } } }), sabotage, undefined];
    const modules = vi.spyOn(process, 'getBuiltinModule');
    const words = ['the global error handler threw', 'looking for @opentelemetry/core threw'];
    for (const [at, cache] of caches.entries()) {
      reported.length = 0;
      modules.mockImplementation(() => cache && Object.defineProperty({}, '_cache', { get: cache }));
      end('a');
      await expect(processor.forceFlush()).rejects.toBe(failure);
      const also = words.slice(at, at + 1).map((text) => `oncespan: ${text}`);
      expect(said()).toEqual(['oncespan: an export of 1 spans failed', ...also]);
    }
    modules.mockRestore();
  });

  test('answers nothing has failed, and so has one that gives no error', async () => {
    const { exporter, processor, end } = serial();
    for (const result of [undefined, null, { code: 1 }]) {
      exporter.export = (_spans, answer) => answer(result as never);
      end('a');
      await expect(processor.forceFlush()).rejects.toEqual(
        new Error('the exporter reported a failure and no error'),
      );
    }
  });

  test('throws when its forceFlush is read has failed', async () => {
    const { exporter, processor } = serial();
    Object.defineProperty(exporter, 'forceFlush', {
      get() {
        throw failure;
      },
    });
    await expect(processor.forceFlush()).rejects.toBe(failure);
    await expect(processor.forceFlush()).rejects.toBe(failure);
  });

  test('hangs in its own forceFlush() does not hold the next pass', async () => {
    const { exporter, processor, end } = serial({ exportTimeoutMillis: 1000 });
    exporter.forceFlush = () => new Promise(() => {});
    const flushed = watch(processor.forceFlush());
    await turn();
    vi.advanceTimersByTime(1000);
    await turn();
    expect(flushed).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError' } });
    end('a');
    vi.advanceTimersByTime(5000);
    await turn();
    expect(exporter.batches).toEqual([['a']]);
    exporter.exports[0]?.answer(OK);
    await turn();
  });
});

describe('exports run', () => {
  test('in the root context with tracing suppressed, not in that of who ended the span or flushed', async () => {
    const { exporter, processor, provider } = serial({ maxExportBatchSize: 1 });
    const key = createContextKey('request');
    const seen: unknown[] = [];
    exporter.export = (_spans, answer) => {
      const suppressed = provider.getTracer('exporter').startSpan('of the exporter');
      seen.push(context.active().getValue(key), trace.getActiveSpan(), suppressed.isRecording());
      answer(OK);
    };
    trace.setGlobalTracerProvider(provider);
    await context.with(context.active().setValue(key, 'mine'), async () => {
      withSpan('work', () => {});
      await processor.forceFlush();
    });
    expect(seen).toEqual([undefined, undefined, false]);
    expect(processor.stats()).toMatchObject({ exported: 1, queued: 0 });
  });

  test('once the resource attributes that were pending have arrived', async () => {
    const { exporter, processor } = serial();
    const attributes = deferred();
    const resource = {
      asyncAttributesPending: true,
      waitForAsyncAttributes: vi.fn(() => attributes.promise),
    };
    const span = { ...spanOf('a'), resource };
    processor.onEnd(span);
    processor.onEnd(span);
    const flushed = processor.forceFlush();
    await turn();
    expect(exporter.batches).toEqual([]);
    attributes.resolve();
    await turn();
    expect(resource.waitForAsyncAttributes).toHaveBeenCalledTimes(1);
    expect(exporter.batches).toEqual([['a', 'a']]);
    exporter.exports[0]?.answer(OK);
    await flushed;
  });

  test('one at a time, and not while the exporter flushes', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    const own = deferred();
    exporter.forceFlush = () => own.promise;
    const flushed = processor.forceFlush();
    end('a');
    await turn();
    expect(exporter.batches).toEqual([]);
    own.resolve();
    await flushed;
    await turn();
    expect(exporter.batches).toEqual([['a']]);
    await answerAll(exporter);
  });

  test('in the order of the ends, though the first batch waits for resource attributes', async () => {
    const { exporter, processor } = serial({ maxExportBatchSize: 1, maxConcurrentExports: 2 });
    const attributes = deferred();
    const resource = { asyncAttributesPending: true, waitForAsyncAttributes: () => attributes.promise };
    processor.onEnd({ ...spanOf('a'), resource } as EndedSpan);
    processor.onEnd(spanOf('b'));
    await turn();
    expect(exporter.batches).toEqual([]);
    attributes.resolve();
    await turn();
    expect(exporter.batches).toEqual([['a'], ['b']]);
    await answerAll(exporter);
  });

  test('at last without resource attributes, however long an export may take', async () => {
    const { exporter, processor } = serial({ maxExportBatchSize: 1, exportTimeoutMillis: 0 });
    processor.onEnd({
      ...spanOf('a'),
      resource: { asyncAttributesPending: true, waitForAsyncAttributes: () => new Promise(() => {}) },
    });
    await turn();
    vi.advanceTimersByTime(30_000);
    await turn();
    expect(exporter.batches).toEqual([['a']]);
    await answerAll(exporter);
  });

  test('one at a time, though whoever hears of dropped spans asks for a flush', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1, maxQueueSize: 1 });
    let flushed: Promise<void> | undefined;
    diag.setLogger({ ...SILENT, warn: () => void (flushed ??= processor.forceFlush().catch(() => {})) });
    // The SDK warns of the logger itself.
    await flushed;
    flushed = undefined;
    end('a', 'b', 'c');
    const first = watch(processor.forceFlush());
    await turn();
    expect([exporter.batches, processor.stats().exporting]).toEqual([[['a']], 1]);
    await answerAll(exporter);
    await flushed!;
    expect([exporter.batches, first.status]).toEqual([[['a'], ['b']], 'rejected']);
  });

  test.each([
    [
      'never arrive',
      () => new Promise(() => {}),
      ['oncespan: resource attributes had not arrived after 1000 ms; spans are exported without them'],
    ],
    ['fail', () => Promise.reject(failure), ['oncespan: waiting for resource attributes failed', failure]],
    [
      'throw',
      () => {
        throw failure;
      },
      ['oncespan: waiting for resource attributes failed', failure],
    ],
  ])('without resource attributes that %s', async (_how, waitForAsyncAttributes, words) => {
    const { exporter, processor } = serial({ maxExportBatchSize: 1, exportTimeoutMillis: 1000 });
    exporter.export = (_spans, answer) => answer(OK);
    const ask = vi.fn(waitForAsyncAttributes as () => Promise<void>);
    const resource = { asyncAttributesPending: true, waitForAsyncAttributes: ask };
    const end = () => processor.onEnd({ ...spanOf('a'), resource });
    end();
    await turn();
    vi.advanceTimersByTime(1000);
    await turn();
    expect(processor.stats()).toMatchObject({ exported: 1 });
    expect(reported).toEqual([words]);
    // Once is enough.
    end();
    await turn();
    expect(processor.stats()).toMatchObject({ exported: 2 });
    expect([reported.length, ask.mock.calls.length]).toEqual([1, 1]);
  });
});

test('a span whose resource cannot be read is exported all the same', async () => {
  const { exporter, processor } = serial();
  processor.onEnd({
    ...spanOf('a'),
    get resource(): never {
      throw failure;
    },
  });
  const flushed = watch(processor.forceFlush());
  await turn();
  exporter.exports[0]?.answer(OK);
  await turn();
  expect([exporter.batches, flushed.status]).toEqual([[['a']], 'fulfilled']);
  expect(reported).toEqual([['oncespan: reading the resources threw', failure]]);
});

describe('shutdown', () => {
  test('exports what is queued, shuts the exporter down once, and drops what ends later', async () => {
    const { exporter, processor, provider, end } = serial();
    end('a');
    const first = provider.shutdown();
    const again = [processor.shutdown(), processor.shutdown({ timeoutMs: 1 })];
    expect(again[0]).toBe(again[1]);
    await turn();
    end('late');
    expect(exporter.shutdowns).toBe(0);
    exporter.exports[0]?.answer(OK);
    await Promise.all([first, ...again]);
    expect([exporter.batches, exporter.flushes, exporter.shutdowns]).toEqual([[['a']], 1, 1]);
    expect(processor.stats()).toEqual({
      ...NOTHING,
      exported: 1,
      dropped: 1,
      drops: { ...NO_DROPS, afterShutdown: 1 },
      passes: 1,
    });
    await processor.forceFlush().catch(() => {});
    expect(exporter.flushes).toBe(1);
  });

  test('with nothing ended shuts the exporter down, and fails with what that failed with', async () => {
    const { exporter, processor } = serial();
    exporter.shutdown = () => Promise.reject(failure);
    await expect(processor.shutdown()).rejects.toBe(failure);
    expect(exporter.batches).toEqual([]);
  });

  test.each<[string, () => Promise<void>]>([
    ['rejects', () => Promise.reject(failure)],
    [
      'throws',
      () => {
        throw failure;
      },
    ],
  ])(
    'of an exporter whose shutdown() %s rejects with its error, after all has been exported',
    async (_how, fail) => {
      const { exporter, processor, end } = serial();
      exporter.shutdown = fail;
      end('a');
      const shutdown = watch(processor.shutdown());
      await answerAll(exporter);
      expect(shutdown).toEqual({ status: 'rejected', reason: failure });
      expect(processor.stats()).toEqual({ ...NOTHING, exported: 1, passes: 1 });
      expect(said()).toEqual(["oncespan: the exporter's shutdown() failed"]);
    },
  );

  test('that has given its exporter up hears no more of it', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    exporter.shutdown = () => Promise.reject(failure);
    end('a');
    const shutdown = watch(processor.shutdown({ timeoutMs: 100 }));
    await turn();
    vi.advanceTimersByTime(100);
    await turn();
    expect(shutdown).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError' } });
    const hung = reported.find(([what]) => what === 'oncespan: an export of 1 spans hung');
    expect(hung?.[1]).toMatchObject({
      name: 'TimeoutError',
      message: 'an export of 1 spans had no answer when the shutdown gave up',
    });
    expect(processor.stats()).toEqual({ ...NOTHING, unknown: 1, passes: 2, overdueExports: 1 });
    exporter.exports[0]!.answer(FAILED);
    await turn();
    expect(processor.stats()).toEqual({ ...NOTHING, unknown: 1, passes: 2 });
    expect(said()).toEqual(['oncespan: an export of 1 spans hung']);
  });

  test('waits for the batch in flight', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    end('a');
    await turn();
    const shutdown = watch(processor.shutdown());
    await turn();
    expect([shutdown.status, exporter.shutdowns]).toEqual(['pending', 0]);
    exporter.exports[0]?.answer(OK);
    await turn();
    expect([shutdown.status, exporter.shutdowns]).toEqual(['fulfilled', 1]);
  });

  test('after a failed flush the exporter is shut down all the same, and every caller hears of the failure', async () => {
    const { exporter, processor, end } = serial();
    end('a');
    const callers = [watch(processor.shutdown()), watch(processor.shutdown())];
    await turn();
    exporter.exports[0]?.answer(FAILED);
    await turn();
    expect(exporter.shutdowns).toBe(1);
    expect(callers).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ]);
  });

  test('when time is up, drops what is queued, asks the exporter all the same, and answers whoever waits', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    end('a', 'b', 'c');
    const flushed = watch(processor.forceFlush());
    const shutdown = watch(processor.shutdown({ timeoutMs: 100 }));
    await turn();
    vi.advanceTimersByTime(100);
    await turn();
    expect(exporter.shutdowns).toBe(1);
    expect([flushed, shutdown]).toMatchObject([
      { status: 'rejected', reason: { name: 'TimeoutError' } },
      { status: 'rejected', reason: { name: 'TimeoutError' } },
    ]);
    expect(exporter.batches).toEqual([['a']]);
    // Nothing of the exporter's shutdown(), which was asked for and not waited for.
    expect(said()).toEqual(['oncespan: an export of 1 spans hung']);
    expect(processor.stats()).toEqual({
      ...NOTHING,
      unknown: 1,
      dropped: 2,
      drops: { ...NO_DROPS, gaveUp: 2 },
      passes: 2,
      overdueExports: 1,
    });
  });

  test('says how many spans are lost when time is up, though the exporter hangs in everything', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 2, shutdownTimeoutMillis: 100 });
    exporter.shutdown = () => new Promise(() => {});
    end('a', 'b', 'c', 'd', 'e');
    const shutdown = watch(processor.shutdown());
    await turn();
    vi.advanceTimersByTime(100);
    await turn();
    const message =
      'the span processor had no more time to shut down: 3 spans were dropped, and of 2 nobody knows whether they arrived';
    expect(shutdown).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError', message } });
    expect(processor.stats()).toMatchObject({ unknown: 2, drops: { ...NO_DROPS, gaveUp: 3 } });
  });

  test('reports what was dropped while the flush before it hung', async () => {
    const { processor, end } = serial({ maxExportBatchSize: 1, maxQueueSize: 1 });
    end('a');
    const flushed = watch(processor.forceFlush());
    end('b', 'c');
    const shutdown = watch(processor.shutdown({ timeoutMs: 100 }));
    await turn();
    vi.advanceTimersByTime(100);
    await turn();
    expect([flushed.status, shutdown.status]).toEqual(['rejected', 'rejected']);
    expect(said()).toContain('oncespan: 1 spans were dropped: the queue was full (1)');
  });

  test('has its own limit as a whole, and each export one of its own', async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1, exportTimeoutMillis: 1000 });
    end('a', 'b', 'c');
    const shutdown = watch(processor.shutdown());
    for (const at of [0, 1, 2]) {
      await turn();
      vi.advanceTimersByTime(900);
      exporter.exports[at]?.answer(OK);
    }
    await turn();
    expect([shutdown.status, processor.stats().exported]).toEqual(['fulfilled', 3]);
  });

  test('is one, whoever asks for it meanwhile, and covers what ends meanwhile', async () => {
    const { exporter, processor } = serial();
    exporter.forceFlush = async () => {
      processor.onEnd(spanOf('inside'));
      void processor.shutdown();
    };
    await processor.shutdown();
    expect([exporter.shutdowns, exporter.batches]).toEqual([1, []]);
    expect(processor.stats()).toMatchObject({ queued: 0, drops: { ...NO_DROPS, afterShutdown: 1 } });
  });

  test('waits for no resource attributes, not even those that are being waited for', async () => {
    const { exporter, processor } = serial({ maxExportBatchSize: 1 });
    exporter.export = (_spans, answer) => answer(OK);
    const resource = {
      asyncAttributesPending: true,
      waitForAsyncAttributes: () => new Promise<void>(() => {}),
    };
    processor.onEnd({ ...spanOf('a'), resource });
    await turn();
    processor.onEnd({ ...spanOf('b'), resource: { ...resource } });
    await processor.shutdown();
    expect(processor.stats()).toMatchObject({ exported: 2, dropped: 0 });
  });

  test('drops what ends from then on, says so once, and tells it to the flush that follows', async () => {
    const { processor, end } = serial();
    await processor.shutdown();
    end('late', 'later');
    await expect(processor.forceFlush()).rejects.toEqual(
      new Error('2 spans were dropped: they ended after the shutdown'),
    );
    await processor.forceFlush();
    expect(processor.stats()).toEqual({
      ...NOTHING,
      dropped: 2,
      drops: { ...NO_DROPS, afterShutdown: 2 },
      passes: 1,
    });
    expect(said()).toEqual([
      'oncespan: a span that ended after the shutdown was dropped, as all that follow will be',
    ]);
  });

  test('does not wait beyond its limit for an exporter that hangs in shutdown()', async () => {
    const { exporter, processor } = serial();
    exporter.shutdown = () => new Promise(() => {});
    const shutdown = watch(processor.shutdown({ timeoutMs: 100 }));
    await turn();
    vi.advanceTimersByTime(100);
    await turn();
    expect(shutdown).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError' } });
  });
});

test('the processor and its exporter fit the types of both SDKs', () => {
  const { processor } = serial();
  const processors: [SpanProcessor, SpanProcessor2] = [processor, processor];
  const exporters: Exporter[] = [{} as SpanExporter, {} as SpanExporter2];
  expect([processors.length, exporters.length]).toEqual([2, 2]);
});

test('spans reach the exporter with their attributes and the resource of their provider', async () => {
  const exported: ReadableSpan[] = [];
  const exporter: SpanExporter = {
    export(spans, answer) {
      exported.push(...spans);
      answer(OK);
    },
    async shutdown() {},
  };
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new SerialBatchSpanProcessor(exporter)],
  });
  provider
    .getTracer('test')
    .startSpan('a', { attributes: { order: 7 } })
    .end();
  await provider.forceFlush();
  expect(exported.map((span) => [span.name, { ...span.attributes }, span.resource.attributes])).toEqual([
    ['a', { order: 7 }, { 'service.name': 'shop' }],
  ]);
});

test('an exporter that hands on to several gives each of them every span', async () => {
  const each = [new HeldExporter(), new HeldExporter()] as const;
  const exporter: SpanExporter = {
    export: (spans, answer) => each[0].export(spans, () => each[1].export(spans, answer)),
    async shutdown() {},
  };
  const processor = new SerialBatchSpanProcessor(exporter);
  for (const name of ['a', 'b']) processor.onEnd(spanOf(name) as ReadableSpan);
  const flushed = watch(processor.forceFlush());
  await turn();
  each[0].exports[0]?.answer(OK);
  await turn();
  expect(flushed.status).toBe('pending');
  each[1].exports[0]?.answer(OK);
  await turn();
  expect([flushed.status, each[0].batches, each[1].batches]).toEqual([
    'fulfilled',
    [['a', 'b']],
    [['a', 'b']],
  ]);
});

test('a processor that has worked and was shut down can be collected', async () => {
  const used = await (async () => {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    end('a');
    await answerAll(exporter);
    await processor.shutdown();
    return new WeakRef(processor);
  })();
  for (let round = 0; round < 10 && used.deref() !== undefined; round++) {
    await turn();
    gc!();
  }
  expect(used.deref()).toBeUndefined();
});

test('what the queue has not taken is reported with the delay, too', async () => {
  const { exporter, processor, end } = serial({ maxQueueSize: 3, maxExportBatchSize: 2 });
  end('x', 'y', 'a');
  const flushed = watch(processor.forceFlush());
  end('b', 'c', 'dropped');
  await turn();
  exporter.exports[0]?.answer(OK);
  await turn();
  exporter.exports[1]?.answer(OK);
  await turn();
  expect([flushed.status, exporter.batches, said()]).toEqual([
    'fulfilled',
    [
      ['x', 'y'],
      ['a', 'b'],
    ],
    [],
  ]);
  vi.advanceTimersByTime(5000);
  expect(said()).toEqual(['oncespan: 1 spans were dropped: the queue was full (3)']);
  await turn();
  exporter.exports[2]?.answer(OK);
  await turn();
});

describe('configuration', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('a wrong option, or something that does not export, is refused with the repair', () => {
    const make =
      (...args: unknown[]) =>
      () =>
        Reflect.construct(SerialBatchSpanProcessor, args) as SerialBatchSpanProcessor;
    expect(make({ exporter: new HeldExporter() })).toThrow(
      new TypeError(
        'SerialBatchSpanProcessor: an object has no export(); give the exporter first, then the options',
      ),
    );
    expect(make(new HeldExporter(), { maxQueueSize: 0 })).toThrow(
      new TypeError("SerialBatchSpanProcessor: option 'maxQueueSize' is 0; give an integer, 1 or more"),
    );
    const words = (option: string, rest: string) => `SerialBatchSpanProcessor: option '${option}' is ${rest}`;
    for (const [wrong, message] of [
      [{ maxConcurrentExports: 0 }, words('maxConcurrentExports', '0; give an integer, 1 or more')],
      [{ maxQueueSize: Infinity }, words('maxQueueSize', 'Infinity; give an integer, 1 or more')],
      [
        { exportTimeoutMillis: -1 },
        words('exportTimeoutMillis', '-1; give an integer number of milliseconds, 0 or more'),
      ],
      [
        { shutdownTimeoutMillis: 1.5 },
        words('shutdownTimeoutMillis', '1.5; give an integer number of milliseconds, 0 or more'),
      ],
      [{ meterProvider: {} }, words('meterProvider', 'an object; give a meter provider')],
    ] as const) {
      expect(make(new HeldExporter(), wrong)).toThrow(new TypeError(message));
    }
  });

  test.each<[string, Record<string, string>, BatchOptions, string]>([
    [
      'by the code, and the queue by nobody',
      {},
      { maxExportBatchSize: 5000 },
      "SerialBatchSpanProcessor: option 'maxExportBatchSize' is 5000, which is more than the queue takes; 2048 (maxQueueSize) is used",
    ],
    [
      'by the code, and the queue by a variable',
      { OTEL_BSP_MAX_QUEUE_SIZE: '3' },
      { maxExportBatchSize: 512 },
      "SerialBatchSpanProcessor: option 'maxExportBatchSize' is 512, which is more than the queue takes; 3 (maxQueueSize) is used",
    ],
    [
      'by a variable',
      { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '4' },
      { maxQueueSize: 3 },
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE is 4, which is more than the queue takes; 3 (maxQueueSize) is used',
    ],
    [
      'by a variable that is none',
      { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1e1' },
      { maxQueueSize: 3 },
      "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is '1e1'; give an integer, 1 or more; 3 is used",
    ],
  ])('a batch larger than the queue is reduced to it: asked for %s', (_how, variables, options, warning) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    serial(options);
    expect(said()).toEqual([`oncespan: ${warning}`]);
  });

  test('a queue smaller than the default batch needs no warning', async () => {
    const { exporter, end } = serial({ maxQueueSize: 2 });
    end('a', 'b');
    await turn();
    expect([exporter.batches, said()]).toEqual([[['a', 'b']], []]);
    await answerAll(exporter);
  });

  test.each(['0', '-1', '1.5', '+3', '0x10', '1e3', 'Infinity', '99999999999999999999', 'ten', '5s'])(
    'a variable that is %s counts as not set, and is reported once',
    (value) => {
      vi.stubEnv('OTEL_BSP_MAX_CONCURRENT_EXPORTS', value);
      serial();
      expect(said()).toEqual([
        `oncespan: OTEL_BSP_MAX_CONCURRENT_EXPORTS is '${value}'; give an integer, 1 or more; 1 is used`,
      ]);
    },
  );

  test('the number of exports at once has a variable, too', async () => {
    vi.stubEnv('OTEL_BSP_MAX_CONCURRENT_EXPORTS', '2');
    const { exporter, end } = serial({ maxExportBatchSize: 1 });
    end('a', 'b', 'c');
    await turn();
    expect(exporter.batches).toEqual([['a'], ['b']]);
    await answerAll(exporter);
  });

  test.each([0, Infinity])('a time-out of %s is no limit', async (limit) => {
    const { exporter, processor, end } = serial({ exportTimeoutMillis: limit, shutdownTimeoutMillis: limit });
    end('a');
    const shutdown = watch(processor.shutdown());
    await turn();
    vi.advanceTimersByTime(24 * 86_400_000);
    await turn();
    expect(shutdown.status).toBe('pending');
    await answerAll(exporter);
    expect(shutdown.status).toBe('fulfilled');
  });

  test('the variables of the specification count where an option is missing', async () => {
    vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '2');
    vi.stubEnv('OTEL_BSP_MAX_QUEUE_SIZE', ' 3 ');
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '70');
    vi.stubEnv('OTEL_BSP_EXPORT_TIMEOUT', '40');
    const { exporter, processor, end } = serial();
    end('a', 'b', 'c', 'd', 'e', 'f');
    await turn();
    expect(processor.stats()).toMatchObject({ queued: 3, exporting: 2, dropped: 1 });
    vi.advanceTimersByTime(40);
    await turn();
    expect(processor.stats()).toMatchObject({ queued: 1, exporting: 2, unknown: 2 });
    exporter.exports[1]?.answer(OK);
    await turn();
    vi.advanceTimersByTime(70);
    await turn();
    expect(exporter.batches).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    await answerAll(exporter);
    const options = serial({ maxExportBatchSize: 1 });
    options.end('a');
    await turn();
    expect(options.exporter.batches).toEqual([['a']]);
    options.exporter.exports[0]?.answer(OK);
    await turn();
  });

  test('an export time-out of 0 in the environment is no limit', async () => {
    vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'many');
    vi.stubEnv('OTEL_BSP_EXPORT_TIMEOUT', '0');
    const { exporter, processor, end } = serial();
    expect(said()).toEqual([
      "oncespan: OTEL_BSP_MAX_EXPORT_BATCH_SIZE is 'many'; give an integer, 1 or more; 512 is used",
    ]);
    end('a');
    vi.advanceTimersByTime(5000);
    await turn();
    expect(vi.getTimerCount()).toBe(0);
    exporter.exports[0]?.answer(OK);
    await turn();
    expect(processor.stats()).toMatchObject({ exported: 1 });
  });
});
