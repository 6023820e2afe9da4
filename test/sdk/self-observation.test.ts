import { metrics as metricsApi } from '@opentelemetry/api';
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, test, vi } from 'vitest';
import { PACKAGE_VERSION } from '../../src/platform/package-version.ts';
import type { BatchOptions } from '../../src/sdk/index.ts';
import { reported } from '../harness.ts';
import { answerAll, OK, serial, turn } from './held-exporter.ts';

class Reader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

function observed(options: BatchOptions = {}, temporality = AggregationTemporality.CUMULATIVE) {
  const reader = new Reader({ aggregationTemporalitySelector: () => temporality });
  const meterProvider = new MeterProvider({ readers: [reader] });
  /** Each metric's values, by `error.type`. */
  const read = async () => {
    const { resourceMetrics } = await reader.collect();
    return Object.fromEntries(
      resourceMetrics.scopeMetrics
        .flatMap(({ metrics }) => metrics)
        .map(({ descriptor, dataPoints }) => [
          descriptor.name.replace('otel.sdk.processor.span.', ''),
          Object.fromEntries(
            dataPoints.map(({ attributes, value }) => [attributes['error.type'] ?? '', value]),
          ),
        ]),
    );
  };
  return { reader, read, ...serial({ meterProvider, ...options }) };
}

test('tells the queue’s size and capacity, and the spans that were given to the exporter or dropped, whatever came of it', async () => {
  const { exporter, processor, read, end } = observed({ maxQueueSize: 2, maxExportBatchSize: 2 });
  end('a', 'b', 'c', 'd', 'e');
  expect(await read()).toEqual({
    'queue.size': { '': 2 },
    'queue.capacity': { '': 2 },
    processed: { '': 2, queue_full: 1 },
  });
  exporter.exports[0]?.answer({ code: 1, error: new Error('refused') });
  await turn();
  exporter.exports[1]?.answer(OK);
  await turn();
  await processor.shutdown().catch(() => {});
  end('f');
  expect((await read())['processed']).toEqual({ '': 4, queue_full: 1, already_shutdown: 1 });
});

test('counts what a shutdown had no time for as already_shutdown', async () => {
  const { processor, read, end } = observed({ maxExportBatchSize: 1 });
  end('a', 'b', 'c');
  const shutdown = processor.shutdown({ timeoutMs: 10 }).catch(() => {});
  await turn();
  vi.advanceTimersByTime(10);
  await shutdown;
  expect((await read())['processed']).toEqual({ '': 1, already_shutdown: 2 });
});

test('names each processor, of a type of its own, and observes it no more after the shutdown', async () => {
  const { processor, reader, read } = observed({}, AggregationTemporality.DELTA);
  const names = async () => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.flatMap(({ dataPoints }) =>
        dataPoints.map(({ attributes }) => [`${scope.name} ${scope.version}`, attributes]),
      ),
    );
  };
  const mine = [
    `oncespan ${PACKAGE_VERSION}`,
    {
      'otel.component.type': 'oncespan_serial_batching_span_processor',
      'otel.component.name': expect.stringMatching(
        /^oncespan_serial_batching_span_processor\/\d+$/,
      ) as string,
    },
  ];
  expect(await names()).toEqual([mine, mine]);
  await processor.shutdown();
  await read();
  expect(await names()).toEqual([]);
});

test('says what it measures, in what unit', async () => {
  const { exporter, processor, reader, end } = observed();
  end('a');
  const flushed = processor.forceFlush();
  await answerAll(exporter);
  await flushed;
  const { resourceMetrics } = await reader.collect();
  const said = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
    metrics.map(({ descriptor: { name, unit, description } }) => [name, unit, description]),
  );
  expect(said.toSorted()).toEqual([
    ['otel.sdk.processor.span.processed', '{span}', 'Spans that were given to the exporter or dropped.'],
    ['otel.sdk.processor.span.queue.capacity', '{span}', 'Spans that may wait for an export.'],
    ['otel.sdk.processor.span.queue.size', '{span}', 'Spans that wait for an export.'],
  ]);
});

test('without a meter provider of its own a processor measures nothing, whatever is registered', async () => {
  const getMeter = vi.fn();
  metricsApi.setGlobalMeterProvider({ getMeter });
  try {
    const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
    end('a');
    await answerAll(exporter);
    await processor.shutdown();
    expect(getMeter).not.toHaveBeenCalled();
  } finally {
    metricsApi.disable();
  }
});

test('a meter that fails costs the metrics, not the spans', async () => {
  const fail = () => {
    throw new Error('no instrument');
  };
  const instrument = { add: fail, addCallback() {}, removeCallback: fail };
  const meterProvider = {
    getMeter: () => ({ createCounter: () => instrument, createObservableUpDownCounter: () => instrument }),
  } as unknown as MeterProvider;
  const { exporter, processor, end } = serial({ meterProvider, maxQueueSize: 1 });
  end('a', 'b', 'c');
  await turn();
  exporter.exports[0]?.answer(OK);
  await turn();
  const shutdown = processor.shutdown({ timeoutMs: 10 }).catch(() => {});
  vi.advanceTimersByTime(10);
  await shutdown;
  expect([processor.stats(), exporter.shutdowns]).toMatchObject([{ exported: 1, unknown: 1, dropped: 1 }, 1]);
  const said = new Set(reported.map(([what]) => what));
  expect(said).toContain('oncespan: a meter threw');
});

test('a meter that cannot be left does not fail the shutdown', async () => {
  const instrument = {
    add() {},
    addCallback() {},
    removeCallback() {
      throw new Error('no instrument');
    },
  };
  const meterProvider = {
    getMeter: () => ({ createCounter: () => instrument, createObservableUpDownCounter: () => instrument }),
  } as unknown as MeterProvider;
  await serial({ meterProvider }).processor.shutdown();
  expect(reported).toEqual([['oncespan: a meter threw', new Error('no instrument')]]);
});

test('a meter provider that fails costs the metrics, not the spans', async () => {
  const meterProvider = {
    getMeter() {
      throw new Error('no meter');
    },
  };
  const { exporter, processor, end } = serial({ meterProvider, maxExportBatchSize: 1 });
  end('a');
  await turn();
  exporter.exports[0]?.answer(OK);
  await processor.forceFlush();
  expect(processor.stats()).toMatchObject({ exported: 1 });
  expect(reported).toEqual([['oncespan: a meter provider threw', new Error('no meter')]]);
});
