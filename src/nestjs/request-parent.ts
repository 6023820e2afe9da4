import { type Context, propagation, type Span, trace } from '@opentelemetry/api';
import { activeContext } from '../platform/context.ts';
import { attempt } from '../platform/report.ts';
import { isUntraced, untraced } from '../platform/untraced-context.ts';
import { hasEnded, parentSpanContext } from '../span/parentage.ts';
import { isUnrecorded } from '../span/sdk-span.ts';
import { type HttpRequest, nodeRequest } from './request-facts.ts';

/**
 * Whether requests get a span of their own: `auto` where nothing around the application has made one, `true` always,
 * `false` never.
 */
export type RequestSpans = 'auto' | boolean;

const ofStarts = new WeakSet<Span>();

/**
 * Notes the span that an application is started in: the connections of its server are all in that span's context, for ever,
 * and it does not tell when it ends if it is not sampled.
 */
export function noteStart(): void {
  const span = trace.getSpan(activeContext());
  if (span !== undefined) ofStarts.add(span);
}

/** @returns where the span of a request starts; `undefined` if it is to have none */
export function parentOf(mode: RequestSpans, request: HttpRequest): Context | undefined {
  const active = activeContext();
  if (isUntraced(active)) return undefined;
  const around = spanAround(active);
  if (around === undefined) return received(trace.deleteSpan(active), request);
  // Something has read the headers already.
  if (isRemote(around)) return active;
  return mode === true ? active : undefined;
}

/** The span that the application runs in: of this process, or one that something has read from the headers already. */
function spanAround(active: Context): Span | undefined {
  // A tracer that traces nothing makes spans whose contexts are not valid.
  const around = parentSpanContext(active) && trace.getSpan(active);
  if (around === undefined || hasEnded(active)) return undefined;
  return ofStarts.has(around) && isUnrecorded(around) ? undefined : around;
}

function isRemote(span: Span): boolean {
  return span.spanContext().isRemote === true;
}

function received(base: Context, request: HttpRequest): Context {
  const { headers } = nodeRequest(request);
  return attempt('reading the headers of a request', () => propagation.extract(base, headers)) ?? base;
}

/**
 * Where a request runs that is not to be traced: what it calls begins no trace, which would be one without a beginning.
 *
 * @returns `undefined` where it can run as it is
 */
export function untracedOutsideSpans(): Context | undefined {
  const active = activeContext();
  const around = spanAround(active);
  return around === undefined || isRemote(around) ? untraced(active) : undefined;
}
