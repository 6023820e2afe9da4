import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

// Exports to the address in OTEL_EXPORTER_OTLP_ENDPOINT. The spans of Next itself go there, too.
await startTracing(
  () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())] }),
);
