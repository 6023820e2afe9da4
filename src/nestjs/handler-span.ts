import { type ExecutionContext, StreamableFile } from '@nestjs/common';
import type { TrackedSpan } from '../span/tracked-span.ts';
import { LEFT, RETURNED } from '../span/outcome.ts';
import { attempt } from '../platform/report.ts';
import { observeNodeStream } from '../returned/node-stream.ts';
import { exceptionName } from './exception-name.ts';
import { type Failure, HttpSpan } from './http-span.ts';
import type { RequestSpan } from './request-span.ts';
import type { NodeResponse } from './response-end.ts';

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
  readonly #context: ExecutionContext;
  /** gRPC calls a call cancelled that has been answered, too. */
  #isAnswered = false;

  constructor(live: TrackedSpan, context: ExecutionContext) {
    this.live = live;
    this.#context = context;
  }

  emitted(): void {
    this.#isAnswered ||= !isCancelled(this.#context);
  }

  completed(): void {
    this.live.settle(this.#isLeft() ? LEFT : RETURNED);
  }

  threw(error: unknown): void {
    if (this.#isLeft()) this.live.settle(LEFT);
    else this.live.threw(error, exceptionName(error));
  }

  unsubscribed(): void {
    this.live.settle(LEFT);
  }

  #isLeft(): boolean {
    return !this.#isAnswered && isCancelled(this.#context);
  }
}

/** Whether the client of a call of gRPC has cancelled it, or its deadline has passed. */
function isCancelled(context: ExecutionContext): boolean {
  const read = () => context.getArgs<({ cancelled?: unknown } | undefined)[]>()[2]?.cancelled === true;
  return attempt('reading a call', read) === true;
}

/** Over HTTP, what the observable tells is only what went wrong, with the request as well. */
export class HttpHandlerSpan extends HttpSpan implements HandlerSpan {
  readonly #request: RequestSpan | undefined;

  constructor(live: TrackedSpan, response: NodeResponse, request: RequestSpan | undefined) {
    super(live, response);
    this.#request = request;
  }

  override endWithResponse(): void {
    if (!this.#request?.takes(this)) super.endWithResponse();
  }

  protected override get takesLateWrites(): boolean {
    return this.#request?.isLocalRoot === true;
  }

  /** A file that fails under way is cut short, and has the status of a whole one. */
  emitted(value: unknown): void {
    if (typeof value !== 'object') return;
    attempt('observing a file', () => {
      if (!(value instanceof StreamableFile)) return;
      const threw = (error: unknown) => this.threw(error);
      const ignored = () => {};
      observeNodeStream(value.getStream(), { threw, returned: ignored, left: ignored });
    });
  }

  /** A later run, of an interceptor that tries again, makes an earlier failure good. */
  completed(): void {
    this.#note(undefined);
  }

  threw(error: unknown): void {
    this.#note({ error });
  }

  unsubscribed(): void {}

  #note(failure: Failure | undefined): void {
    this.failure = failure;
    this.#request?.handlerFailed(failure);
  }

  protected override endAsFailed(error: unknown): void {
    this.live.threw(error);
  }
}
