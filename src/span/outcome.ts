import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import type { Plan } from '../options/plan.ts';
import type { RecordedException } from '../options/options.ts';
import { describeException, describeReason } from './exception.ts';
import { attempt } from '../platform/report.ts';

/** How a wrapped piece of work ended. The first one that is known ends the span. */
export type Outcome =
  | { readonly kind: 'returned' }
  /** `name`: what the error is called, where its class gives it none. */
  | { readonly kind: 'threw'; readonly error: unknown; readonly name?: string | undefined }
  | { readonly kind: 'aborted'; readonly reason: unknown }
  | { readonly kind: 'timed-out'; readonly afterMs: number }
  | { readonly kind: 'abandoned' | 'shutdown' }
  | { readonly kind: 'left'; readonly as: 'aborted' | 'abandoned' };

export const RETURNED: Outcome = { kind: 'returned' };
/** A promise was collected before it settled, or a handle of `startSpan` before it was ended. */
export const ABANDONED: Outcome = { kind: 'abandoned' };
/** Unsubscribed, or destroyed without an error: nobody's failure. */
export const LEFT: Outcome = { kind: 'left', as: 'aborted' };
/** An iterator, observable or stream was collected before its end: nobody's failure either. */
export const FORGOTTEN: Outcome = { kind: 'left', as: 'abandoned' };

/** Writes an outcome on a span that is about to end: the table of docs/endings.md, row by row. */
export function writeOutcome(span: Span, outcome: Outcome, plan: Plan): void {
  const { kind } = outcome;
  const named = (as: string): Attributes => {
    const { outcome: name } = plan.attributeNames;
    return name === null ? {} : { [name]: as };
  };
  const failed = (exception: RecordedException, thrown: unknown, also: Attributes) => {
    writeFailure(span, exception, also, plan);
    recordException(span, exception, thrown, plan);
  };
  switch (kind) {
    case 'returned':
      return;
    case 'threw': {
      const { error, name } = outcome;
      if (plan.ignores(error)) return setAttributes(span, named('ignored'));
      return failed(describeException(error, plan, name), error, {});
    }
    case 'aborted': {
      const { reason } = outcome;
      const also = named(kind);
      if (plan.cancellation === 'unset' || plan.ignores(reason)) return setAttributes(span, also);
      return failed(describeReason(reason, plan), reason, also);
    }
    case 'timed-out': {
      const message = `the work had not settled after ${outcome.afterMs} ms`;
      const exception = { name: 'TimeoutError', type: 'TimeoutError', message };
      return failed(exception, exception, named(kind));
    }
    case 'abandoned':
      return writeFailure(span, { type: kind, message: 'collected before it ended' }, named(kind), plan);
    case 'shutdown':
      return writeFailure(span, { type: kind, message: 'still live at the shutdown' }, named(kind), plan);
    case 'left':
      setAttributes(span, named(outcome.as));
  }
}

/** Writes that the work failed, without an exception. */
export function writeFailure(
  span: Span,
  { type, message }: Pick<RecordedException, 'type' | 'message'>,
  also: Attributes,
  { attributeNames: { error } }: Plan,
): void {
  // Keys behind a spread would be dear: see `startTrackedSpan`.
  setAttributes(span, Object.assign(error === null ? {} : { [error]: true }, also, { 'error.type': type }));
  if (hasOwnStatus(span)) return;
  attempt('span.setStatus()', () => span.setStatus({ code: SpanStatusCode.ERROR, message }));
}

function setAttributes(span: Span, attributes: Attributes): void {
  attempt('span.setAttributes()', () => span.setAttributes(attributes));
}

/**
 * Hands the SDK a plain object without a `code`: given the error itself, an SDK writes a `DOMException`'s numeric code
 * as the type, and runs whatever getters the error has.
 */
function recordException(
  span: Span,
  { name, message, stack }: RecordedException,
  thrown: unknown,
  plan: Plan,
): void {
  if (!isFirstRecord(span, thrown, plan)) return;
  attempt('span.recordException()', () => span.recordException({ name, message, stack }));
}

/** Errors, which a function can be, too, with the trace that they were last recorded in: one reason can abort tasks of many. */
const recorded = new WeakMap<object, string>();

/** Whether an error is recorded here. With `origin-only`, one that travels up through traced calls is recorded by the innermost one. */
function isFirstRecord(span: Span, error: unknown, { exceptionEvents }: Plan): boolean {
  if (exceptionEvents === 'none') return false;
  if (exceptionEvents === 'every-span' || Object(error) !== error) return true;
  const traceId = attempt('span.spanContext()', () => span.spanContext().traceId) ?? '';
  if (recorded.get(error as object) === traceId) return false;
  recorded.set(error as object, traceId);
  return true;
}

/** SDK spans can be read back (their `status` is public); a status that is there was set by the application. */
function hasOwnStatus(span: Span): boolean {
  const code = attempt('span.status', () => (span as { status?: { code?: unknown } }).status?.code);
  return code === SpanStatusCode.OK || code === SpanStatusCode.ERROR;
}
