// How many spans arrive when many tasks end and flush in the same moment: each task ends its span, then waits for a flush
// of its own.
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { flush, traceTask } from '../../dist/index.js';
import { SerialBatchSpanProcessor } from '../../dist/sdk/index.js';
import { countExports } from '../../test/export-count.ts';
import { OtlpReceiver } from '../../test/otlp-receiver.ts';

const limits = { maxQueueSize: 10_000 };

const contestants = {
  'BatchSpanProcessor, forceFlush()': {
    processor: (exporter) => new BatchSpanProcessor({ exporter, ...limits }),
    task: (provider) => async (work) => {
      const span = provider.getTracer('delivery').startSpan('task');
      await work;
      span.end();
      await provider.forceFlush();
    },
  },
  "SerialBatchSpanProcessor, traceTask(flush: 'await')": {
    processor: (exporter) => new SerialBatchSpanProcessor(exporter, limits),
    task: () => traceTask((work) => work, { name: 'task', flush: 'await' }),
  },
};

export async function endAtOnce() {
  const rows = [];
  for (const tasks of [100, 10_000]) {
    for (const [name, contestant] of Object.entries(contestants)) {
      rows.push({ processor: name, tasks, ...(await run(contestant, tasks)) });
    }
  }
  return rows;
}

async function run({ processor, task }, count) {
  const receiver = await OtlpReceiver.start();
  const exporter = new OTLPTraceExporter({ url: receiver.url });
  const exports = countExports(exporter);
  const provider = new TracerProvider({ spanProcessors: [processor(exporter)] });
  trace.disable();
  trace.setGlobalTracerProvider(provider);
  const start = task(provider);
  const gate = Promise.withResolvers();
  const tasks = Array.from({ length: count }, () => start(gate.promise));
  gate.resolve();
  const settled = await Promise.allSettled(tasks);
  await flush();
  const outcome = {
    arrived: receiver.spans.length,
    duplicates: receiver.duplicates,
    'most exports in flight': exports.mostInFlight,
    'flushes failed': settled.filter(({ status }) => status === 'rejected').length,
  };
  await provider.shutdown().catch(() => {});
  await receiver.close();
  return outcome;
}
