import { TracerProvider } from '@opentelemetry/sdk-trace';
import { traceTask } from 'oncespan';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

// A task a request, which exports to the binding of this name.

let collector;

const exporter = {
  async export(spans, answer) {
    const body = JSON.stringify(spans.map(({ name }) => name));
    await collector.fetch('http://collector/', { method: 'POST', body });
    answer({ code: 0 });
  },
  shutdown: async () => {},
};

let tracing;

export default {
  async fetch(request, { COLLECTOR }, invocation) {
    collector = COLLECTOR;
    await (tracing ??= startTracing(
      () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(exporter)] }),
    ));
    const name = new URL(request.url).pathname;
    const waitUntil = (flushed) => invocation.waitUntil(flushed);
    return traceTask(async () => new Response(), { name, waitUntil })();
  },
};
