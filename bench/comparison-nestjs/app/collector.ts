import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api';

/** A span of the SDK, of its major 2 or 3. */
interface SdkSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly ended: boolean;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  readonly events: readonly { readonly name: string; readonly attributes?: Attributes }[];
  readonly instrumentationScope: { readonly name: string };
  spanContext(): SpanContext;
}

/** What a backend was given of a span, where it says more than the span itself. */
export interface Sent {
  readonly name: string;
  readonly attributes: Attributes;
  readonly status: string | undefined;
}

/** Keeps every span that starts, live or ended, as a span processor of SDK 2 and 3. */
export class Collector {
  /** By the id of the span: of a contender that sends something else than its spans. */
  readonly sent: Map<string, Sent> | undefined;
  /** Errors that were reported beside the spans. */
  errors: string[] = [];
  #started: SdkSpan[] = [];

  constructor({ hasBackend = false } = {}) {
    this.sent = hasBackend ? new Map() : undefined;
  }

  onStart(span: SdkSpan): void {
    this.#started.push(span);
  }
  onEnd(): void {}
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}

  clear(): void {
    this.#started = [];
    this.errors = [];
    this.sent?.clear();
  }

  /** In the order of their start. */
  spans(): unknown[] {
    return this.#started
      .filter(({ spanContext }) => spanContext !== undefined)
      .map((span) => {
        const { traceId, spanId } = span.spanContext();
        const sent = this.sent?.get(spanId);
        return {
          traceId,
          spanId,
          parentSpanContext: span.parentSpanContext && {
            traceId: span.parentSpanContext.traceId,
            spanId: span.parentSpanContext.spanId,
            isRemote: span.parentSpanContext.isRemote,
          },
          name: sent?.name ?? span.name,
          kind: span.kind,
          startTime: span.startTime,
          endTime: span.endTime,
          ended: span.ended,
          exported: this.sent === undefined ? span.ended : sent !== undefined,
          status: span.status,
          said: sent?.status,
          attributes: { ...span.attributes, ...sent?.attributes },
          events: span.events.map(({ name, attributes }) => ({ name, attributes })),
          links: span.links,
          scope: span.instrumentationScope.name,
        };
      });
  }
}
