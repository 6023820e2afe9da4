// How many spans arrive when tasks end their spans and flush all at once, over real OTLP/HTTP: this library's processor
// and the SDK's own, in one process. Run by `npm run delivery`.
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { flush, traceTask } from '../dist/index.js';
import { SerialBatchSpanProcessor } from '../dist/sdk/index.js';
import { countExports } from '../test/export-count.ts';
import { OtlpReceiver } from '../test/otlp-receiver.ts';

const limits = { maxQueueSize: 10_000 };

/** Each task ends its span and then waits for a flush of its own. */
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

const rows = [];
for (const count of [100, 10_000]) {
  for (const [name, { processor, task }] of Object.entries(contestants)) {
    const receiver = await OtlpReceiver.start();
    const exporter = new OTLPTraceExporter({ url: receiver.url });
    const exports = countExports(exporter);
    const provider = new TracerProvider({ spanProcessors: [processor(exporter)] });
    trace.disable();
    trace.setGlobalTracerProvider(provider);
    const run = task(provider);
    const gate = Promise.withResolvers();
    const tasks = Array.from({ length: count }, () => run(gate.promise));
    gate.resolve();
    const settled = await Promise.allSettled(tasks);
    await flush();
    rows.push({
      processor: name,
      tasks: count,
      arrived: receiver.spans.length,
      duplicates: receiver.duplicates,
      'most exports in flight': exports.mostInFlight,
      'flushes failed': settled.filter(({ status }) => status === 'rejected').length,
    });
    await provider.shutdown().catch(() => {});
    await receiver.close();
  }
}
console.table(rows);
