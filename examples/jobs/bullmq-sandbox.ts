// A processor that BullMQ runs in a process of its own: `new Worker('mail', new URL('./bullmq-sandbox.js', import.meta.url))`.
// That process has to start tracing itself. test/jobs/bullmq.test.ts runs it.

import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import type { SandboxedJob } from 'bullmq';
import { traceTask, withSpan } from 'oncespan';
import { bullmq } from 'oncespan/jobs';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

// Exports to the address in OTEL_EXPORTER_OTLP_ENDPOINT.
await startTracing(
  () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())] }),
);

async function render(job: SandboxedJob<{ readonly to: string }>): Promise<string> {
  return withSpan('layout', () => `Dear ${job.data.to}`);
}

// BullMQ ends this process with `process.exit()`, which waits for nobody. So each job waits until its spans have been exported.
export default traceTask(render, bullmq({ flush: 'await' }));
