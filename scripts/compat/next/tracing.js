import { TracerProvider } from '@opentelemetry/sdk-trace';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

/** Next bundles this file and the route apart from each other. */
globalThis.exported = [];
const exporter = {
  export(spans, answer) {
    globalThis.exported.push(...spans);
    answer({ code: 0 });
  },
  shutdown: async () => {},
};
await startTracing(() => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(exporter)] }));
