import { HttpException } from '@nestjs/common';
import { type Attributes, SpanStatusCode } from '@opentelemetry/api';
import type { LiveSpan } from '../live-span.ts';
import { RETURNED } from '../outcome.ts';
import { attempt } from '../report.ts';
import type { SpanPlan } from '../settings.ts';
import { type NodeResponse, onResponseEnd } from './response-end.ts';

/** The span of one run of a handler, as the observable of the run tells of it. */
export interface HandlerSpan {
  readonly live: LiveSpan;
  completed(): void;
  threw(error: unknown): void;
  unsubscribed(): void;
}

/** Outside HTTP the work is what the observable says. */
export class MessageHandlerSpan implements HandlerSpan {
  readonly live: LiveSpan;
  readonly #plan: SpanPlan;

  constructor(live: LiveSpan, plan: SpanPlan) {
    this.live = live;
    this.#plan = plan;
  }

  completed(): void {
    this.live.settle(RETURNED);
  }

  threw(error: unknown): void {
    this.live.threw(error);
  }

  unsubscribed(): void {
    leave(this.live, this.#plan);
  }
}

/**
 * Over HTTP the work is over when the response has ended, whoever writes it: Nest, the handler itself, or an exception
 * filter. What the observable tells is only what went wrong.
 */
export class HttpHandlerSpan implements HandlerSpan {
  readonly live: LiveSpan;
  readonly #plan: SpanPlan;
  readonly #response: NodeResponse;
  #failure: { readonly error: unknown; readonly wasAnswering: boolean } | undefined;

  constructor(live: LiveSpan, plan: SpanPlan, response: NodeResponse) {
    this.live = live;
    this.#plan = plan;
    this.#response = response;
    onResponseEnd(response, (end) => (end === 'sent' ? this.#sent() : this.#left()));
  }

  /** A later run, of an interceptor that tries again, makes an earlier failure good. */
  completed(): void {
    this.#failure = undefined;
  }

  threw(error: unknown): void {
    this.#failure = { error, wasAnswering: this.#response.headersSent };
  }

  unsubscribed(): void {}

  #sent(): void {
    const failure = this.#failure;
    const { statusCode } = this.#response;
    this.#set({ 'http.response.status_code': statusCode });
    if (failure !== undefined && !isAnswer(failure.error, failure.wasAnswering ? undefined : statusCode))
      return this.live.threw(failure.error);
    // Nothing was thrown past us, but something failed: in the serialisation, or on the handler's own account.
    if (statusCode >= 500 && failure === undefined) this.#fail(String(statusCode));
    this.live.settle(RETURNED);
  }

  #left(): void {
    const { statusCode, headersSent, errored } = this.#response;
    if (headersSent) this.#set({ 'http.response.status_code': statusCode });
    const failure = isReset(errored) ? this.#failure : { error: errored };
    if (failure !== undefined && !isAnswer(failure.error, undefined)) this.live.threw(failure.error);
    else leave(this.live, this.#plan);
  }

  #fail(errorType: string): void {
    const { error } = this.#plan.attributeNames;
    this.#set({ ...(error !== null && { [error]: true }), 'error.type': errorType });
    if (!this.live.ended)
      attempt('span.setStatus()', () => this.live.span.setStatus({ code: SpanStatusCode.ERROR }));
  }

  #set(attributes: Attributes): void {
    if (!this.live.ended) attempt('span.setAttributes()', () => this.live.span.setAttributes(attributes));
  }
}

/**
 * Whether an error was the answer to a request that could not be served, and no failure of the server.
 *
 * @param statusCode what it was answered with; `undefined` when the answer had been under way already
 */
function isAnswer(error: unknown, statusCode: number | undefined): boolean {
  if (statusCode !== undefined && statusCode >= 400) return statusCode < 500;
  return (
    error instanceof HttpException && (attempt('error.getStatus()', () => error.getStatus()) ?? 500) < 500
  );
}

/** Whether a response was destroyed because of its client, and not by a stream that failed while it was piped in. */
function isReset(errored: unknown): boolean {
  const code = attempt('response.errored', () => (errored as { code?: unknown } | null | undefined)?.code);
  return errored == null || code === 'ECONNRESET' || code === 'EPIPE';
}

/** Ends a span whose work nobody waits for any more: nobody's failure. */
function leave(live: LiveSpan, { attributeNames }: SpanPlan): void {
  if (live.ended) return;
  const { outcome } = attributeNames;
  if (outcome !== null) attempt('span.setAttribute()', () => live.span.setAttribute(outcome, 'aborted'));
  live.settle(RETURNED);
}
