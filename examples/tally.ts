import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';

/** Counts every span at its three stations, under its id: it starts, it ends, it is handed to the exporter. */
export class Tally implements SpanProcessor {
  readonly #started = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  readonly #exported = new Map<string, number>();

  onStart(span: ReadableSpan): void {
    count(this.#started, span);
  }

  onEnd(span: ReadableSpan): void {
    count(this.#ended, span);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  /** `exporter`, with what it gets counted. */
  counting(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => {
        for (const span of spans) count(this.#exported, span);
        exporter.export(spans, done);
      },
      forceFlush: async () => exporter.forceFlush?.(),
      shutdown: () => exporter.shutdown(),
    };
  }

  summary(): Record<'started' | 'ended' | 'exported' | 'lost' | 'double', number> {
    const ids = [...this.#started.keys()];
    const times = (stations: Map<string, number>, id: string) => stations.get(id) ?? 0;
    return {
      started: total(this.#started),
      ended: total(this.#ended),
      exported: total(this.#exported),
      lost: ids.filter((id) => times(this.#exported, id) === 0).length,
      double: ids.filter((id) => times(this.#ended, id) > 1 || times(this.#exported, id) > 1).length,
    };
  }
}

function count(station: Map<string, number>, span: ReadableSpan): void {
  const { spanId } = span.spanContext();
  station.set(spanId, (station.get(spanId) ?? 0) + 1);
}

function total(station: Map<string, number>): number {
  return [...station.values()].reduce((sum, times) => sum + times, 0);
}
