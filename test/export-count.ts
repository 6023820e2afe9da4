import type { SpanExporter } from '@opentelemetry/sdk-trace';

export interface ExportCount {
  /** Exports that the exporter has accepted and not answered. One that it refuses on the spot never is in flight. */
  readonly inFlight: number;
  readonly mostInFlight: number;
}

/** Counts the exports of an exporter that are in flight. */
export function countExports(exporter: SpanExporter): ExportCount {
  const count = { inFlight: 0, mostInFlight: 0 };
  const original = exporter.export.bind(exporter);
  exporter.export = (spans, answer) => {
    count.inFlight++;
    original(spans, (result) => {
      count.inFlight--;
      answer(result);
    });
    count.mostInFlight = Math.max(count.mostInFlight, count.inFlight);
  };
  return count;
}
