import { defaultTracing } from './tracing.ts';

export const {
  Traced,
  Untraced,
  SpanAttribute,
  traceTask,
  withSpan,
  startSpan,
  flush,
  liveSpans,
  configure,
} = defaultTracing;
export { type Configure, createTracing, type Flush, type LiveSpans, type Tracing } from './tracing.ts';

export type { ErrorMatcher } from './error-matcher.ts';
export type { FlushOptions, FlushResult } from './flush.ts';
export type { LiveSpanInfo } from './live-span.ts';
export type { FlushMode, SpanOptions, TaskOptions, TracingOptions } from './options.ts';
export type { SpanAttribute as SpanAttributeFactory } from './span-attribute.ts';
export type { TraceTask } from './trace-task.ts';
export type {
  Traced as TracedFactory,
  TracedDecorator,
  TracedOptions,
  Untraced as UntracedFactory,
} from './traced-types.ts';
export type { ManualSpan as LiveSpan, ManualSpanOptions, StartSpan, WithSpan } from './with-span.ts';
