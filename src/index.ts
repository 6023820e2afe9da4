/**
 * Spans around methods and tasks. A *task* is one call of a function that `traceTask` has wrapped; it *settles* when its work
 * has returned or failed; a span is *live* from its start to its end.
 *
 * These functions belong to the default instance; `createTracing` makes others. Whatever a tracer, an exporter or an option
 * throws is reported through OpenTelemetry's `diag`; only decorating, wrapping and configuring throw, a `TypeError` for
 * something that is wrong.
 */
import { defaultInstance } from './instance.ts';
import type { SpanAttribute as SpanAttributeFactory } from './decorators/span-attribute.ts';
import { spanAttributeDecorator } from './decorators/span-attribute.ts';
import { type TraceTask, traceTaskWith } from './trace-task.ts';
import type { Traced as TracedFactory, Untraced as UntracedFactory } from './decorators/types.ts';
import { tracedWith, untracedDecorator } from './decorators/traced.ts';
import {
  type Configure,
  configureWith,
  type Flush,
  flushWith,
  type LiveSpans,
  liveSpansWith,
} from './tracing.ts';
import { type StartSpan, startSpanWith, type WithSpan, withSpanWith } from './with-span.ts';

// Each for itself, and marked as free of side effects: a bundler leaves out what is not imported.
export const Traced: TracedFactory = /* @__PURE__ */ tracedWith(defaultInstance);
export const Untraced: UntracedFactory = untracedDecorator;
export const SpanAttribute: SpanAttributeFactory = spanAttributeDecorator;
export const traceTask: TraceTask = /* @__PURE__ */ traceTaskWith(defaultInstance);
export const withSpan: WithSpan = /* @__PURE__ */ withSpanWith(defaultInstance);
export const startSpan: StartSpan = /* @__PURE__ */ startSpanWith(defaultInstance);
export const flush: Flush = /* @__PURE__ */ flushWith(defaultInstance);
export const liveSpans: LiveSpans = /* @__PURE__ */ liveSpansWith(defaultInstance);
export const configure: Configure = /* @__PURE__ */ configureWith(defaultInstance);
export { writeCarrier as carrier, type WriteCarrier } from './span/carrier.ts';
export { type Configure, createTracing, type Flush, type LiveSpans, type Tracing } from './tracing.ts';

export type { AbortSignalLike } from './platform/abort-signal.ts';
export type { ErrorMatcher } from './options/error-matcher.ts';
export type { FlushOptions, FlushResult } from './platform/flush.ts';
export type { LiveSpanInfo } from './span/live-span-list.ts';
export type {
  Carrier,
  FlushMode,
  RecordedException,
  SpanOptions,
  TaskOptions,
  TracingOptions,
} from './options/options.ts';
export type { SpanAttribute as SpanAttributeFactory } from './decorators/span-attribute.ts';
export type { TraceTask } from './trace-task.ts';
export type {
  Traced as TracedFactory,
  TracedDecorator,
  TracedOptions,
  Untraced as UntracedFactory,
} from './decorators/types.ts';
export type { LiveSpan, LiveSpanOptions, StartSpan, WithSpan } from './with-span.ts';
