import type { SpanContext } from '@opentelemetry/api';

// What this library needs of an SDK, by shape: SDK 2.x and 3.x fit, and neither is imported.

/** A span as an SDK hands it over when it has ended. */
export interface EndedSpan {
  spanContext(): SpanContext;
  readonly resource?: {
    readonly asyncAttributesPending?: boolean;
    waitForAsyncAttributes?(): PromiseLike<void>;
  };
}

/** What an exporter says about a batch. Code 0 is success, every other one failure. */
export interface ExportResult {
  readonly code: number;
  readonly error?: Error;
}

/** An SDK's `SpanExporter`. */
export interface Exporter {
  export(spans: readonly EndedSpan[], resultCallback: (result: ExportResult) => void): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}
