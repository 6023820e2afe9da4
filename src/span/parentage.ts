import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import type { Relation } from '../options/options.ts';
import { attempt } from '../platform/report.ts';

/** @returns the span context that new spans of `context` would be children of, if there is a valid one */
export function parentSpanContext(context: Context): SpanContext | undefined {
  const parent = attempt('reading the parent span', () => trace.getSpan(context)?.spanContext());
  return parent !== undefined && isSpanContextValid(parent) ? parent : undefined;
}

/** The link that a `linked` span carries, none when there is nothing to link to. */
export function linksTo(context: Context): Link[] {
  const parent = parentSpanContext(context);
  return parent === undefined ? [] : [{ context: parent }];
}

/** Whether a span that is started in `parent` has no live parent in this process. */
export function isLocalRoot(parent: Context, relation: Relation): boolean {
  return relation !== 'child' || !hasLiveSpan(parent);
}

/** Whether the span of `context` is one of this process, and live. */
export function hasLiveSpan(context: Context): boolean {
  const span = parentSpanContext(context);
  return span !== undefined && span.isRemote !== true && !hasEnded(context);
}

/** Whether the span of `context` has ended, as far as it can tell: one of an SDK can. */
export function hasEnded(context: Context): boolean {
  const read = () => (trace.getSpan(context) as { ended?: unknown } | undefined)?.ended;
  return attempt('reading the parent span', read) === true;
}

/** The identities of the span of `context` and of its parent. One of an SDK tells that. */
export function lineOf(context: Context): { readonly spanId?: string; readonly parentSpanId?: string } {
  const read = () => {
    const span = trace.getSpan(context) as (Span & { parentSpanContext?: SpanContext }) | undefined;
    return { spanId: span?.spanContext().spanId, parentSpanId: span?.parentSpanContext?.spanId };
  };
  return attempt('reading a span', read) ?? {};
}

/** Where a span starts. */
export interface Parent {
  readonly context: Context;
  readonly links: Link[] | undefined;
}

/** Instead of a child of `context`: a root, linked to the span there as long as that is live. */
export function rootBeside(context: Context): Parent {
  const links = hasLiveSpan(context) ? linksTo(context) : undefined;
  return { context: trace.deleteSpan(context), links };
}

/** A span that records nothing, for code that is handed one when there is nothing to trace with. */
export function noSpan(): Span {
  return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
}
