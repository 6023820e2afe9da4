export type { RecordSpans, SpanRecorder } from './record-spans.ts';
export type { RecordedError, RecordedSpan } from './recorded-span.ts';
export type { ExpectedSpan } from './span-tree.ts';
export { type MatcherResult, type SpanMatchers, spanMatchers } from './matchers.ts';
