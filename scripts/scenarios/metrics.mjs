// The real metrics SDK, and what a processor has told it about itself.

import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

const PREFIX = 'otel.sdk.processor.span.';

export class Metrics {
  #reader;
  provider;

  /** @param temporality with `DELTA`, a value that nobody observes any more is told no more, as it is otherwise */
  constructor(temporality = AggregationTemporality.CUMULATIVE) {
    this.#reader = new Reader({ aggregationTemporalitySelector: () => temporality });
    this.provider = new MeterProvider({ readers: [this.#reader] });
  }

  /** The points of every metric of a processor by the metric's name without its prefix. */
  async points() {
    const { resourceMetrics } = await this.#reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return Object.fromEntries(
      metrics
        .filter(({ descriptor }) => descriptor.name.startsWith(PREFIX))
        .map(({ descriptor, dataPoints }) => [descriptor.name.slice(PREFIX.length), dataPoints]),
    );
  }

  /** The value of a metric that has one point. */
  async value(name) {
    const points = (await this.points())[name] ?? [];
    return points.length === 1 ? points[0].value : undefined;
  }

  /** Spans processed, by `error.type`; those without one are `processed`. */
  async processed() {
    const points = (await this.points())['processed'] ?? [];
    return Object.fromEntries(
      points.map(({ value, attributes }) => [attributes['error.type'] ?? 'processed', value]),
    );
  }
}
