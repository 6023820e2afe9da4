import { type Attributes, type Span, type SpanKind, trace } from '@opentelemetry/api';
import { activeContext } from '../platform/context.ts';
import { attempt } from '../platform/report.ts';
import { hasEnded, parentSpanContext } from '../span/parentage.ts';

/** What can be told of a span that is active. */
export interface ActiveSpan {
  /** `undefined` of one that does not say, such as one of another process. */
  readonly kind: SpanKind | undefined;
  readonly attributes: Attributes;
  /** One that does not cannot tell whether it has ended. */
  readonly isRecording: boolean;
}

/**
 * The span that a job finds active when it begins, if that is still live. Worker loops keep the context in which they were
 * started: a span in there that has ended has nothing to do with the job.
 */
export function activeSpan(): ActiveSpan | undefined {
  const context = activeContext();
  if (parentSpanContext(context) === undefined || hasEnded(context)) return undefined;
  const span = trace.getSpan(context) as Span & Partial<ActiveSpan>;
  return attempt('reading the active span', () => {
    const { kind, attributes = {} } = span;
    return { kind, attributes, isRecording: span.isRecording() };
  });
}
