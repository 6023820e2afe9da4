import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

// To where OTEL_EXPORTER_OTLP_ENDPOINT says. The spans of Next itself go there, too.
await startTracing(
  () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())] }),
);
