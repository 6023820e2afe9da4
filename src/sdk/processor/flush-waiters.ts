import type { AbortSignalLike } from '../../platform/abort-signal.ts';
import { Deadline } from '../../platform/deadline.ts';
import { joined } from '../../platform/provider-call.ts';
import { timeoutError } from './timeout-error.ts';

export interface ForceFlushOptions {
  /** Milliseconds to wait at the longest. Default: as long as it takes, which the export time-outs bound. */
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
  /** How many had found the queue full by then. */
  readonly dropped: number;
}

export interface Waiting extends ForceFlushOptions {
  readonly holdsProcess: boolean;
  /** How many spans that it covers have been dropped because they ended after the shutdown. */
  readonly late: number;
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
  /** Of the dropped spans, those that a flush has told of. */
  #toldDrops = 0;

  /** @param ticket `undefined` when there is nothing to wait for */
  async wait(
    ticket: FlushTicket | undefined,
    { timeoutMs, signal, holdsProcess, late }: Waiting,
  ): Promise<void> {
    if (ticket !== undefined) {
      const deadline = new Deadline<FlushAnswer>({
        timeoutMs,
        timedOut: () => ({ error: timeoutError(`the flush had not ended after ${timeoutMs} ms`) }),
        signal,
        aborted: (error) => ({ error }),
        holdsProcess,
        onSettled: () => this.#waiters.delete(waiter),
      });
      const waiter: FlushWaiter = { ticket, failures: [], deadline };
      this.#waiters.add(waiter);
      const answer = await deadline.promise;
      if (answer !== undefined) throw answer.error;
    }
    if (late > 0) throw dropError(late, 'they ended after the shutdown');
  }

  /** Remembers that a batch was not exported, for the flushes that cover its first span: spans are exported in order. */
  noteFailure(firstSpan: number, error: unknown): void {
    for (const { ticket, failures } of this.#waiters) if (firstSpan < ticket.covers) failures.push(error);
  }

  /** Settles everyone whose ticket is not later. @param failure of the exporter's own `forceFlush()` */
  serve(served: FlushTicket, failure: { readonly error: unknown } | undefined): void {
    const told = this.#toldDrops;
    this.#toldDrops = served.dropped;
    for (const { ticket, failures, deadline } of Array.from(this.#waiters)) {
      if (ticket.number > served.number) return;
      if (failure !== undefined) failures.push(failure.error);
      const dropped = ticket.dropped - told;
      if (dropped > 0) failures.push(dropError(dropped, 'the queue was full'));
      deadline.settle(failures.length === 0 ? undefined : { error: joined(failures) });
    }
  }

  failAll(error: unknown): void {
    for (const { deadline } of Array.from(this.#waiters)) deadline.settle({ error });
  }
}

function dropError(count: number, why: string): Error {
  return new Error(`${count} spans were dropped: ${why}`);
}
