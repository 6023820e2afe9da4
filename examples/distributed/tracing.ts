import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

/** @param drain brings the work of the process to its end when it is told to stop */
export const startTracingAs = (name: string, drain?: () => Promise<unknown>) =>
  startTracing(
    () =>
      new TracerProvider({
        resource: resourceFromAttributes({ 'service.name': name }),
        // To where OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says.
        spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())],
      }),
    { drain },
  );
