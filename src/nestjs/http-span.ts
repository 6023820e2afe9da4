import { HttpException } from '@nestjs/common';
import type { AttributeValue } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';
import { LEFT, RETURNED, writeFailure } from '../span/outcome.ts';
import { isUnrecorded } from '../span/sdk-span.ts';
import type { TrackedSpan } from '../span/tracked-span.ts';
import { type NodeResponse, onResponseEnd, type ResponseEnd } from './response-end.ts';

/** What went wrong on the way to a response. */
export interface Failure {
  readonly error: unknown;
}

/** A span that is over when its response has ended, whoever writes it: Nest, a handler itself, or an exception filter. */
export abstract class HttpSpan {
  readonly live: TrackedSpan;
  protected readonly response: NodeResponse;
  protected failure: Failure | undefined;

  constructor(live: TrackedSpan, response: NodeResponse) {
    this.live = live;
    this.response = response;
  }

  /** From now on the span ends with its response: at once, if that has ended. */
  endWithResponse(): void {
    onResponseEnd(this.response, (end) => this.responseEnded(end));
  }

  responseEnded(end: ResponseEnd): void {
    if (end === 'left') this.#left();
    else if (!this.takesLateWrites) this.#sent();
    // Whoever else hears of the end can still write on the span.
    else queueMicrotask(() => void attempt('telling of the end of a response', () => this.#sent()));
  }

  /** Not inside a span of somebody else's, which ends with the response as well, and after its children. */
  protected abstract get takesLateWrites(): boolean;

  #sent(): void {
    const { statusCode } = this.response;
    this.#write(statusCode);
    this.#endAsFailed(this.failure, statusCode);
    // Nothing was thrown past us, but something failed: in the serialisation, or on the handler's own account.
    if (statusCode >= 500) this.writeFailure(String(statusCode));
    this.live.settle(RETURNED);
  }

  #left(): void {
    const { headersSent, stream, errored = stream?.errored, statusCode } = this.response;
    this.#write(headersSent ? statusCode : undefined);
    this.#endAsFailed(wasReset(errored) ? this.failure : { error: errored }, undefined);
    this.live.settle(LEFT);
  }

  #endAsFailed(failure: Failure | undefined, statusCode: number | undefined): void {
    if (failure !== undefined && !isAnswer(failure.error, statusCode))
      this.endAsFailed(failure.error, statusCode);
  }

  /** @param statusCode what the client was told; `undefined` when it left before the end */
  protected abstract endAsFailed(error: unknown, statusCode: number | undefined): void;

  protected writeFailure(type: string): void {
    if (this.isWritable) writeFailure(this.live.span, { type, message: '' }, {}, this.live.plan);
  }

  #write(statusCode: number | undefined): void {
    if (this.isWritable) attempt('writing how a response ended', () => this.writeEnd(statusCode));
  }

  /** @param statusCode what the client was told; `undefined` when it left before */
  protected writeEnd(statusCode: number | undefined): void {
    if (statusCode !== undefined) this.setAttribute('http.response.status_code', statusCode);
  }

  protected setAttribute(key: string, value: AttributeValue): void {
    attempt('span.setAttribute()', () => this.live.span.setAttribute(key, value));
  }

  protected get isWritable(): boolean {
    return !this.live.ended && !isUnrecorded(this.live.span);
  }
}

/**
 * Whether an error was the answer to a request that could not be served, and no failure of the server.
 *
 * @param statusCode what it was answered with; `undefined` when the client left before the end
 */
export function isAnswer(error: unknown, statusCode: number | undefined): boolean {
  if (statusCode !== undefined && statusCode >= 300) return statusCode < 500;
  const answeredWith = attempt('reading a thrown error', () => statusOf(error));
  return typeof answeredWith === 'number' && answeredWith < 500;
}

/** What an error of Nest's, or of http-errors, is answered with. */
function statusOf(error: unknown): unknown {
  if (error instanceof HttpException) return error.getStatus();
  const { expose, statusCode } = (error ?? {}) as { expose?: unknown; statusCode?: unknown };
  return typeof expose === 'boolean' ? statusCode : undefined;
}

/** What Node calls it when a connection is gone, or a stream of HTTP/2 is called off. */
const RESETS = /^(ECONNRESET|EPIPE|ERR_HTTP2_(STREAM|SESSION)_\w+)$/;

/** Whether a response was destroyed because of its client, and not by a stream that failed while it was piped in. */
function wasReset(errored: unknown): boolean {
  const code = attempt('response.errored', () => (errored as { code?: unknown } | null | undefined)?.code);
  return errored == null || (typeof code === 'string' && RESETS.test(code));
}
