import type { Attributes, Meter, MeterProvider, ObservableResult } from '@opentelemetry/api';
import { PACKAGE_NAME, PACKAGE_VERSION } from '../../platform/package-version.ts';
import { attempt } from '../../platform/report.ts';
import { processWide } from '../../platform/process-wide.ts';
import type { DropCounts, SpanQueue } from './span-queue.ts';

/** https://opentelemetry.io/docs/specs/semconv/registry/attributes/otel/#otel-component-attributes: other types are allowed. */
const COMPONENT_TYPE = 'oncespan_serial_batching_span_processor';

const ERROR_TYPES: Readonly<Record<keyof DropCounts, string>> = {
  queueFull: 'queue_full',
  afterShutdown: 'already_shutdown',
  gaveUp: 'already_shutdown',
};

/** How many processors there have been: part of the name of each. */
const numbering = /* @__PURE__ */ processWide('processor-numbers', () => ({ next: 0 }));

/**
 * What the processor tells of itself, as metrics. A span counts as processed when its export is invoked, whatever comes of
 * it (the exporter tells that), or when it is dropped.
 * https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/#span-processor-metrics
 */
export class SelfObservation {
  readonly #self: Attributes;
  readonly #processed: ReturnType<Meter['createCounter']>;
  readonly #stopObserving: () => void;

  constructor(meterProvider: MeterProvider, queue: SpanQueue) {
    this.#self = {
      'otel.component.type': COMPONENT_TYPE,
      'otel.component.name': `${COMPONENT_TYPE}/${numbering.next++}`,
    };
    const meter = meterProvider.getMeter(PACKAGE_NAME, PACKAGE_VERSION);
    const unit = '{span}';
    this.#processed = meter.createCounter('otel.sdk.processor.span.processed', {
      unit,
      description: 'Spans that were given to the exporter or dropped.',
    });
    const size = meter.createObservableUpDownCounter('otel.sdk.processor.span.queue.size', {
      unit,
      description: 'Spans that wait for an export.',
    });
    const capacity = meter.createObservableUpDownCounter('otel.sdk.processor.span.queue.capacity', {
      unit,
      description: 'Spans that may wait for an export.',
    });
    const observeSize = (result: ObservableResult) => result.observe(queue.length, this.#self);
    const observeCapacity = (result: ObservableResult) => result.observe(queue.maxSize, this.#self);
    size.addCallback(observeSize);
    capacity.addCallback(observeCapacity);
    this.#stopObserving = () => {
      size.removeCallback(observeSize);
      capacity.removeCallback(observeCapacity);
    };
  }

  countExport(count: number): void {
    attempt('a meter', () => this.#processed.add(count, this.#self));
  }

  countDrops(count: number, reason: keyof DropCounts): void {
    if (count === 0) return;
    const dropped = { ...this.#self, 'error.type': ERROR_TYPES[reason] };
    attempt('a meter', () => this.#processed.add(count, dropped));
  }

  end(): void {
    attempt('a meter', this.#stopObserving);
  }
}
