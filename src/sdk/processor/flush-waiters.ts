import type { AbortSignalLike } from '../../platform/abort-signal.ts';
import { Deadline } from '../../platform/deadline.ts';
import { timeoutError } from './timeout-error.ts';

export interface ForceFlushOptions {
  /**
   * Milliseconds to wait at the longest; until then the process stays. Default: as long as it takes, which the export
   * time-outs bound.
   */
  readonly timeoutMs?: number | undefined;
  /** Stops the waiting; the export goes on. */
  readonly signal?: AbortSignalLike | undefined;
}

/** What a flush waits for. */
export interface FlushTicket {
  /** The pass that has read this number, or a higher one, serves the flush. */
  readonly number: number;
  /** How many spans had been accepted when the ticket was taken: the flush covers these and no later one. */
  readonly covers: number;
}

/** One caller of `forceFlush()`. */
interface FlushWaiter {
  readonly ticket: FlushTicket;
  readonly failures: unknown[];
  readonly deadline: Deadline<FlushAnswer>;
}

type FlushAnswer = { readonly error: unknown } | undefined;

/** Everyone who waits for a flush, in the order of their tickets. */
export class FlushWaiters {
  readonly #waiters = new Set<FlushWaiter>();

  async wait(ticket: FlushTicket, { timeoutMs, signal }: ForceFlushOptions): Promise<void> {
    const deadline = new Deadline<FlushAnswer>({
      timeoutMs,
      timedOut: () => ({ error: timeoutError(`the flush had not ended after ${timeoutMs} ms`) }),
      signal,
      aborted: (error) => ({ error }),
      holdsProcess: true,
      onSettled: () => this.#waiters.delete(waiter),
    });
    const waiter: FlushWaiter = { ticket, failures: [], deadline };
    this.#waiters.add(waiter);
    const answer = await deadline.promise;
    if (answer !== undefined) throw answer.error;
  }

  /** Remembers that a batch was not exported, for the flushes that cover its first span: spans are exported in order. */
  noteFailure(firstSpan: number, error: unknown): void {
    for (const { ticket, failures } of this.#waiters) if (firstSpan < ticket.covers) failures.push(error);
  }

  /** Settles everyone whose number is not higher. @param failure of the exporter's own `forceFlush()` */
  serve(number: number, failure: { readonly error: unknown } | undefined): void {
    for (const { ticket, failures, deadline } of Array.from(this.#waiters)) {
      if (ticket.number > number) return;
      if (failure !== undefined) failures.push(failure.error);
      deadline.settle(failures.length === 0 ? undefined : { error: joined(failures) });
    }
  }

  failAll(error: unknown): void {
    for (const { deadline } of Array.from(this.#waiters)) deadline.settle({ error });
  }
}

/** One error as it is, several as one. */
export function joined(failures: readonly unknown[]): unknown {
  return failures.length === 1 ? failures[0] : new AggregateError(failures, `${failures.length} failures`);
}
