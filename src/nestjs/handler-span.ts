import { HttpException, StreamableFile } from '@nestjs/common';
import { isUnrecorded } from '../span/sdk-span.ts';
import type { TrackedSpan } from '../span/tracked-span.ts';
import { LEFT, RETURNED, writeFailure } from '../span/outcome.ts';
import { attempt } from '../platform/report.ts';
import { observeNodeStream } from '../returned/node-stream.ts';
import { exceptionName } from './exception-name.ts';
import { type NodeResponse, onResponseEnd } from './response-end.ts';

/** The span of one run of a handler, as the observable of the run tells of it. */
export interface HandlerSpan {
  readonly live: TrackedSpan;
  emitted(value: unknown): void;
  completed(): void;
  threw(error: unknown): void;
  unsubscribed(): void;
}

/** Outside HTTP and GraphQL the work is what the observable says. */
export class MessageHandlerSpan implements HandlerSpan {
  readonly live: TrackedSpan;

  constructor(live: TrackedSpan) {
    this.live = live;
  }

  emitted(): void {}

  completed(): void {
    this.live.settle(RETURNED);
  }

  threw(error: unknown): void {
    this.live.threw(error, exceptionName(error));
  }

  unsubscribed(): void {
    this.live.settle(LEFT);
  }
}

/**
 * Over HTTP the work is over when the response has ended, whoever writes it: Nest, the handler itself, or an exception
 * filter. What the observable tells is only what went wrong.
 */
export class HttpHandlerSpan implements HandlerSpan {
  readonly live: TrackedSpan;
  readonly #response: NodeResponse;
  #failure: { readonly error: unknown } | undefined;

  constructor(live: TrackedSpan, response: NodeResponse) {
    this.live = live;
    this.#response = response;
    onResponseEnd(response, (end) => (end === 'sent' ? this.#sent() : this.#left()));
  }

  /** A file that fails under way is cut short, and has the status of a whole one. */
  emitted(value: unknown): void {
    attempt('observing a file', () => {
      if (!(value instanceof StreamableFile)) return;
      const threw = (error: unknown) => this.threw(error);
      const ignored = () => {};
      observeNodeStream(value.getStream(), { threw, returned: ignored, left: ignored });
    });
  }

  /** A later run, of an interceptor that tries again, makes an earlier failure good. */
  completed(): void {
    this.#failure = undefined;
  }

  threw(error: unknown): void {
    this.#failure = { error };
  }

  unsubscribed(): void {}

  #sent(): void {
    const failure = this.#failure;
    const { statusCode } = this.#response;
    this.#writeStatus();
    if (failure !== undefined && !isAnswer(failure.error, statusCode)) return this.live.threw(failure.error);
    // Nothing was thrown past us, but something failed: in the serialisation, or on the handler's own account.
    if (statusCode >= 500 && this.#isWritable)
      writeFailure(this.live.span, { type: String(statusCode), message: '' }, {}, this.live.plan);
    this.live.settle(RETURNED);
  }

  #left(): void {
    const { headersSent, errored } = this.#response;
    if (headersSent) this.#writeStatus();
    const failure = wasReset(errored) ? this.#failure : { error: errored };
    if (failure !== undefined && !isAnswer(failure.error, undefined)) this.live.threw(failure.error);
    else this.live.settle(LEFT);
  }

  #writeStatus(): void {
    if (!this.#isWritable) return;
    attempt('span.setAttribute()', () =>
      this.live.span.setAttribute('http.response.status_code', this.#response.statusCode),
    );
  }

  get #isWritable(): boolean {
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
  const isClients = () => error instanceof HttpException && error.getStatus() < 500;
  return attempt('reading a thrown error', isClients) === true;
}

/** Whether a response was destroyed because of its client, and not by a stream that failed while it was piped in. */
function wasReset(errored: unknown): boolean {
  const code = attempt('response.errored', () => (errored as { code?: unknown } | null | undefined)?.code);
  return errored == null || code === 'ECONNRESET' || code === 'EPIPE';
}
