import type { ExecutionContext } from '@nestjs/common';
import { ABANDONED_IF_COLLECTED, type TrackedSpan } from '../span/tracked-span.ts';
import { LEFT, RETURNED } from '../span/outcome.ts';
import { cover } from '../returned/cover.ts';
import { replaceMethod } from '../returned/replace-method.ts';
import { callInContext } from '../platform/context.ts';
import { isObject } from '../platform/is-object.ts';
import { attempt } from '../platform/report.ts';
import { isSubscription } from './handler-plan.ts';
import type { HandlerSpan } from './handler-span.ts';
import { isAnswer } from './http-span.ts';

/**
 * In GraphQL the work is over with the resolver's value; that of a subscription, with the iterator that it is: exhausted, or
 * left because its client has unsubscribed or gone. What would be answered with a status below 500 over HTTP is no error.
 */
export class ResolverSpan implements HandlerSpan {
  readonly live: TrackedSpan;
  readonly #context: ExecutionContext;
  #isCovered = false;

  constructor(live: TrackedSpan, context: ExecutionContext) {
    this.live = live;
    this.#context = context;
  }

  emitted(value: unknown): void {
    if (this.#isCovered || !isObject(value)) return;
    if (attempt('looking at a result', () => Symbol.asyncIterator in value) !== true) return;
    this.#isCovered =
      cover(value, this.live, this.live.coveredBefore) ||
      (isSubscription(this.#context) && this.#coverIteration(value));
  }

  /** What is no iterator may serve several subscriptions, each by an iterator of its own. */
  #coverIteration(iterable: object): boolean {
    const { live } = this;
    const undo = replaceMethod(iterable, Symbol.asyncIterator, (original, self, args) => {
      undo?.();
      try {
        const iterator = callInContext(live.active, original, self, args) as object;
        if (!cover(iterator, live, live.coveredBefore)) live.settle(RETURNED);
        return iterator;
      } catch (error) {
        live.threw(error);
        throw error;
      }
    });
    if (undo !== undefined) live.dependOn(iterable, ABANDONED_IF_COLLECTED);
    return undo !== undefined;
  }

  completed(): void {
    if (!this.#isCovered) this.live.settle(RETURNED);
  }

  threw(error: unknown): void {
    if (isAnswer(error, undefined)) this.live.settle(RETURNED);
    else this.live.threw(error);
  }

  unsubscribed(): void {
    if (!this.#isCovered) this.live.settle(LEFT);
  }
}
