import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Context, type Span, SpanKind, trace } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';
import { contextOf } from '../span/carrier.ts';
import { hasEnded, parentSpanContext } from '../span/parentage.ts';
import { carrierOf } from './message-carrier.ts';

/** How a message comes into the process: what its span is a child of, and its kind. */
export interface MessageEntry {
  readonly parent: Context;
  readonly kind: SpanKind;
}

/** By Nest's own enum. */
const EVENT = 2;

const metadata = new Reflector();

/**
 * A message continues the trace of its producer, unless a span is active that stands for it already: an instrumentation's
 * of the broker's client, as a rule.
 *
 * Connections keep the context in which they were opened: a span in there that has ended has nothing to do with the message,
 * nor has one that is not sampled where the message brings its own.
 */
export function entryOf(context: ExecutionContext, active: Context): MessageEntry {
  const handlerType = metadata.get<unknown>('microservices:handler_type', context.getHandler());
  const kind = handlerType === EVENT ? SpanKind.CONSUMER : SpanKind.SERVER;
  const span = liveSpanOf(active);
  if (span !== undefined && isAsIs(span))
    return { parent: active, kind: isReceiver(span) ? SpanKind.INTERNAL : kind };
  const headers = attempt('looking for the headers of a message', () => carrierOf(context));
  if (headers !== undefined) return { parent: contextOf('the context of a message', headers, active), kind };
  return { parent: span === undefined ? trace.deleteSpan(active) : active, kind };
}

interface ReadableSpan extends Span {
  readonly kind?: SpanKind;
}

function liveSpanOf(context: Context): ReadableSpan | undefined {
  return parentSpanContext(context) === undefined || hasEnded(context) ? undefined : trace.getSpan(context);
}

/** Whether a span is a parent whatever the message carries. */
function isAsIs(span: ReadableSpan): boolean {
  const isIt = () => span.isRecording() || span.spanContext().isRemote === true;
  return attempt('reading the active span', isIt) === true;
}

function isReceiver(span: ReadableSpan): boolean {
  const kind = attempt('reading the active span', () => span.kind);
  return kind === SpanKind.SERVER || kind === SpanKind.CONSUMER;
}
