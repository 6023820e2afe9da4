import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import { describeException, type RecordedException } from './exception.ts';
import { attempt } from '../platform/report.ts';

/** How a wrapped piece of work ended. The first one that is known ends the span. */
export type Outcome =
  | { readonly kind: 'returned' }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'aborted'; readonly reason: unknown }
  | { readonly kind: 'timed-out'; readonly afterMs: number }
  | { readonly kind: 'abandoned' | 'shutdown' }
  | { readonly kind: 'left'; readonly as: 'aborted' | 'abandoned' };

export const RETURNED: Outcome = { kind: 'returned' };
/** A promise was collected before it settled. */
export const ABANDONED: Outcome = { kind: 'abandoned' };
/** Unsubscribed, or destroyed without an error: nobody's failure. */
export const LEFT: Outcome = { kind: 'left', as: 'aborted' };
/** An iterator, observable or stream was collected before its end: nobody's failure either. */
export const FORGOTTEN: Outcome = { kind: 'left', as: 'abandoned' };

const UNSETTLED = {
  abandoned: 'the promise was collected before it settled',
  shutdown: 'still live at the shutdown',
};

/** What the settings say about writing an outcome down. */
export interface OutcomeRules {
  /** Names of the two attributes this library invented; `null` leaves one out. */
  readonly attributeNames: { readonly error: string | null; readonly outcome: string | null };
  readonly ignores: (error: unknown) => boolean;
  readonly cancellation: 'error' | 'unset';
  readonly exceptionEvents: 'every-span' | 'origin-only';
}

/** Writes an outcome on a span that is about to end: the outcome table of the README, row by row. */
export function writeOutcome(span: Span, outcome: Outcome, rules: OutcomeRules): void {
  switch (outcome.kind) {
    case 'returned':
      return;
    case 'threw':
      if (!rules.ignores(outcome.error)) {
        const exception = describeException(outcome.error);
        writeFailure(span, exception, {}, rules);
        if (isFirstRecord(span, outcome.error, rules)) recordException(span, exception);
      }
      return;
    case 'aborted': {
      const named = outcomeAttribute(outcome.kind, rules);
      if (rules.ignores(outcome.reason)) return setAttributes(span, named);
      const described = describeException(outcome.reason);
      // Not the reason's code: an abort is told by the name of its reason.
      const exception = { ...described, type: described.name };
      if (rules.cancellation === 'error') writeFailure(span, exception, named, rules);
      else setAttributes(span, { ...named, 'error.type': exception.type });
      if (isFirstRecord(span, outcome.reason, rules)) recordException(span, exception);
      return;
    }
    case 'timed-out': {
      const message = `the work had not settled after ${outcome.afterMs} ms`;
      const exception = { name: 'TimeoutError', type: 'TimeoutError', message };
      writeFailure(span, exception, outcomeAttribute(outcome.kind, rules), rules);
      recordException(span, exception);
      return;
    }
    case 'abandoned':
    case 'shutdown': {
      const failure = { type: outcome.kind, message: UNSETTLED[outcome.kind] };
      writeFailure(span, failure, outcomeAttribute(outcome.kind, rules), rules);
      return;
    }
    case 'left':
      setAttributes(span, outcomeAttribute(outcome.as, rules));
  }
}

function outcomeAttribute(outcome: string, { attributeNames }: OutcomeRules): Attributes {
  return attributeNames.outcome === null ? {} : { [attributeNames.outcome]: outcome };
}

/** Writes that the work failed, without an exception. */
export function writeFailure(
  span: Span,
  { type, message }: Pick<RecordedException, 'type' | 'message'>,
  also: Attributes,
  rules: OutcomeRules,
): void {
  const { error } = rules.attributeNames;
  setAttributes(span, { ...(error !== null && { [error]: true }), ...also, 'error.type': type });
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
function recordException(span: Span, { name, message, stack }: RecordedException): void {
  attempt('span.recordException()', () => span.recordException({ name, message, stack }));
}

/** Errors, with the trace that they were last recorded in: one reason can abort tasks of many. */
const recorded = new WeakMap<object, string>();

/** With `origin-only`, an error that travels up through traced calls is recorded by the innermost one. */
function isFirstRecord(span: Span, error: unknown, { exceptionEvents }: OutcomeRules): boolean {
  if (exceptionEvents === 'every-span' || typeof error !== 'object' || error === null) return true;
  const traceId = attempt('span.spanContext()', () => span.spanContext().traceId) ?? '';
  if (recorded.get(error) === traceId) return false;
  recorded.set(error, traceId);
  return true;
}

/** SDK spans can be read back (their `status` is public); a status that is there was set by the application. */
function hasOwnStatus(span: Span): boolean {
  const code = attempt('span.status', () => (span as { status?: { code?: unknown } }).status?.code);
  return code === SpanStatusCode.OK || code === SpanStatusCode.ERROR;
}
