import type { SpanExporter } from '@opentelemetry/sdk-trace';

/** Counts the exports of an exporter that are in flight: called and not answered. */
export function countExports(exporter: SpanExporter): { readonly mostInFlight: number } {
  const count = { inFlight: 0, mostInFlight: 0 };
  const original = exporter.export.bind(exporter);
  exporter.export = (spans, answer) => {
    count.mostInFlight = Math.max(count.mostInFlight, ++count.inFlight);
    original(spans, (result) => {
      count.inFlight--;
      answer(result);
    });
  };
  return count;
}
