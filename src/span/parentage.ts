import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Link,
  propagation,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import type { Relation } from '../options/options.ts';
import { activeContext } from '../platform/context.ts';
import { attempt, inWords, report } from '../platform/report.ts';

let hasWarned = false;

/**
 * The context that a `from` hook's answer stands for. A carrier that carries no trace makes a root, not a child of
 * whatever happens to be active; everything else in the active context stays.
 */
export function contextFrom(source: unknown): Context {
  const active = activeContext();
  if (source === undefined) return active;
  if (typeof source !== 'object' || source === null) {
    report(`option "from" answered ${inWords(source)}; give a Context or headers`);
    return active;
  }
  const parent = attempt('reading the parent from a carrier', () => {
    if (typeof (source as Context).getValue === 'function') return source as Context;
    if (!hasWarned && propagation.fields().length === 0) {
      hasWarned = true;
      report(
        'option "from" answered a carrier, and no propagator is registered; startTracing() registers one',
      );
    }
    return propagation.extract(trace.deleteSpan(active), source);
  });
  return parent ?? active;
}

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

/** Whether nothing of its trace in this process lives on around a span that is started in `parent`. */
export function isLocalRoot(parent: Context, relation: Relation): boolean {
  if (relation !== 'child') return true;
  const span = parentSpanContext(parent);
  if (span === undefined || span.isRemote === true) return true;
  // An SDK's span can tell.
  const ended = attempt(
    'reading the parent span',
    () => (trace.getSpan(parent) as { ended?: unknown }).ended,
  );
  return ended === true;
}

/** A span that records nothing, for code that is handed one when there is nothing to trace with. */
export function noSpan(): Span {
  return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
}
