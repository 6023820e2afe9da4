import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type RecordSpans, recordSpansOn } from './record-spans.ts';

export * from './portable.ts';
export const recordSpans: RecordSpans = /* @__PURE__ */ recordSpansOn(
  () => new AsyncLocalStorageContextManager(),
);
