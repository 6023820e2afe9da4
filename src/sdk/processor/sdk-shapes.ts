import type { SpanContext } from '@opentelemetry/api';

// What this library needs of an SDK, by shape: SDK 2.x and 3.x fit, and neither is imported.

/** A span as an SDK hands it over when it has ended: what the processor reads of it. */
export interface EndedSpan {
  spanContext(): SpanContext;
  /** Attributes of it that are found out asynchronously are waited for before the export. */
  readonly resource?: {
    readonly asyncAttributesPending?: boolean;
    waitForAsyncAttributes?(): PromiseLike<void>;
  };
}

/** What an exporter says about a batch. */
export interface ExportResult {
  /** 0 is success, every other one failure. */
  readonly code: number;
  readonly error?: Error;
}

/**
 * An SDK's `SpanExporter`.
 * https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-exporter
 */
export interface Exporter {
  /** Is given the next batch when it has called `resultCallback`, or its time is up. */
  export(spans: readonly EndedSpan[], resultCallback: (result: ExportResult) => void): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}
