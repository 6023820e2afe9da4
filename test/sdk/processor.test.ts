import { getEventListeners } from 'node:events';
import { context, createContextKey, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { SpanExporter as SpanExporter2, SpanProcessor as SpanProcessor2 } from 'sdk-trace-2';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { withSpan } from '../../src/index.ts';
import { type Exporter, SerialBatchSpanProcessor } from '../../src/sdk/index.ts';
import { deferred, reported } from '../harness.ts';
import { HeldExporter, OK, serial, turn } from './held-exporter.ts';

const failure = new Error('collector is down');
const FAILED = { code: 1, error: failure };
const NOTHING = { queued: 0, exporting: 0, exported: 0, failed: 0, unknown: 0, dropped: 0, passes: 0 };
const said = () => reported.map(([what]) => what);

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

  test('a full queue drops what ends, counts it and reports it with the next pass', async () => {
    const { exporter, processor, end } = serial({ maxQueueSize: 2, maxExportBatchSize: 2 });
    end('a', 'b', 'c', 'd');
    expect(processor.stats()).toMatchObject({ queued: 2, dropped: 2 });
    await turn();
    exporter.exports[0]?.answer(OK);
    await turn();
    end('e');
    const flushed = processor.forceFlush();
    await turn();
    exporter.exports[1]?.answer(OK);
    await flushed;
    expect(exporter.batches).toEqual([['a', 'b'], ['e']]);
    expect(said()).toEqual(['oncespan: 2 spans were dropped: the queue was full (2)']);
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
    expect(reported).toEqual([['oncespan: an export of 1 spans failed', failure]]);
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
    const { exporter, processor } = serial({ maxExportBatchSize: 2 });
    const attributes = deferred();
    const resource = {
      asyncAttributesPending: true,
      waitForAsyncAttributes: vi.fn(() => attributes.promise),
    };
    const span = {
      name: 'a',
      resource,
      spanContext: () => ({ traceId: '1', spanId: '1', traceFlags: 1 }),
    };
    processor.onEnd(span);
    processor.onEnd(span);
    await turn();
    expect(processor.stats()).toMatchObject({ queued: 2, exporting: 0 });
    attributes.resolve();
    await turn();
    expect(resource.waitForAsyncAttributes).toHaveBeenCalledTimes(1);
    expect(exporter.batches).toEqual([['a', 'a']]);
    exporter.exports[0]?.answer(OK);
    await turn();
  });

  test.each([
    ['never arrive', () => new Promise(() => {})],
    ['fail', () => Promise.reject(failure)],
    [
      'throw',
      () => {
        throw failure;
      },
    ],
  ])('without resource attributes that %s', async (_how, waitForAsyncAttributes) => {
    const { exporter, processor } = serial({ maxExportBatchSize: 1, exportTimeoutMillis: 1000 });
    exporter.export = (_spans, answer) => answer(OK);
    processor.onEnd({
      spanContext: () => ({ traceId: '1', spanId: '1', traceFlags: 1 }),
      resource: { asyncAttributesPending: true, waitForAsyncAttributes: waitForAsyncAttributes as never },
    });
    vi.advanceTimersByTime(1000);
    await turn();
    expect(processor.stats()).toMatchObject({ exported: 1 });
    expect(reported).toHaveLength(1);
  });
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
    expect(processor.stats()).toEqual({ ...NOTHING, exported: 1, dropped: 1, passes: 1 });
    await processor.forceFlush();
    expect(exporter.flushes).toBe(1);
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
    expect(processor.stats()).toEqual({ ...NOTHING, unknown: 1, dropped: 2, passes: 1 });
  });

  test('when time is up while resource attributes are waited for, nothing is exported', async () => {
    const { exporter, processor } = serial({ maxExportBatchSize: 1 });
    processor.onEnd({
      spanContext: () => ({ traceId: '1', spanId: '1', traceFlags: 1 }),
      resource: { asyncAttributesPending: true, waitForAsyncAttributes: () => new Promise(() => {}) },
    });
    const shutdown = watch(processor.shutdown({ timeoutMs: 100 }));
    vi.advanceTimersByTime(100);
    await turn();
    expect(shutdown.status).toBe('rejected');
    expect(exporter.exports).toEqual([]);
    expect(processor.stats()).toMatchObject({ queued: 0, dropped: 1 });
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
    expect(make(new HeldExporter(), { maxQueueSize: 8, maxExportBatchSize: 9 })).toThrow(
      new TypeError(
        "SerialBatchSpanProcessor: option 'maxExportBatchSize' is 9; give 8 (maxQueueSize) or less",
      ),
    );
  });

  test('the variables of the specification count where an option is missing', async () => {
    vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '2');
    vi.stubEnv('OTEL_BSP_MAX_QUEUE_SIZE', ' 3 ');
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '70');
    vi.stubEnv('OTEL_BSP_EXPORT_TIMEOUT', '40');
    const { exporter, processor, end } = serial();
    end('a', 'b', 'c', 'd');
    await turn();
    expect(processor.stats()).toMatchObject({ queued: 1, exporting: 2, dropped: 1 });
    vi.advanceTimersByTime(40);
    await turn();
    expect(processor.stats()).toMatchObject({ queued: 1, unknown: 2 });
    vi.advanceTimersByTime(70);
    await turn();
    expect(exporter.batches).toEqual([['a', 'b'], ['c']]);
    exporter.exports[1]?.answer(OK);
    await turn();
    const options = serial({ maxExportBatchSize: 1 });
    options.end('a');
    await turn();
    expect(options.exporter.batches).toEqual([['a']]);
    options.exporter.exports[0]?.answer(OK);
    await turn();
  });

  test('a wrong variable is reported and ignored, and no limit means none', async () => {
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
