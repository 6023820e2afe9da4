/** Records the spans of a test, without an SDK, and compares them with the expected ones. For vitest, jest and node:test. */
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type RecordSpans, recordSpansOn } from './record-spans.ts';

export * from './portable.ts';
export const recordSpans: RecordSpans = /* @__PURE__ */ recordSpansOn(
  () => new AsyncLocalStorageContextManager(),
);
