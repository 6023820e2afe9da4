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

/** As many failures as are kept for the next flush. */
const MOST_UNTOLD = 32;

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
  /** Of the dropped spans, those that somebody has been told of. */
  #toldDrops = 0;
  /** What batches failed with that nobody has been told of: the next flush covers them. The last ones only. */
  #untold: unknown[] = [];
  /** Why nobody waits any more. */
  #end: { readonly error: unknown } | undefined;

  /** @param ticket `undefined` when there is nothing to wait for */
  async wait(
    ticket: FlushTicket | undefined,
    { timeoutMs, signal, holdsProcess, late }: Waiting,
  ): Promise<void> {
    if (ticket !== undefined) {
      const failures = this.#untold.slice();
      const deadline = new Deadline<FlushAnswer>({
        timeoutMs,
        timedOut: () => this.#leave(failures, timeoutError(`the flush had not ended after ${timeoutMs} ms`)),
        signal,
        aborted: (reason) => this.#leave(failures, reason),
        holdsProcess,
        onSettled: () => this.#waiters.delete(waiter),
      });
      const waiter: FlushWaiter = { ticket, failures, deadline };
      this.#waiters.add(waiter);
      const answer = await deadline.promise;
      if (answer !== undefined) throw answer.error;
    } else if (this.#end !== undefined) throw this.#end.error;
    if (late > 0) throw dropError(late, 'they ended after the shutdown');
  }

  /** Remembers that a batch was not exported, for the flushes that cover its first span: spans are exported in order. */
  noteFailure(firstSpan: number, error: unknown): void {
    const covering = Array.from(this.#waiters).filter(({ ticket }) => firstSpan < ticket.covers);
    for (const { failures } of covering) failures.push(error);
    if (covering.length === 0) this.#keep(error);
  }

  /** Settles everyone whose ticket is not later. @param failure of the exporter's own `forceFlush()` */
  serve(number: number, failure: { readonly error: unknown } | undefined): void {
    const before = this.#toldDrops;
    const told = new Set<unknown>();
    for (const { ticket, failures, deadline } of Array.from(this.#waiters)) {
      if (ticket.number > number) break;
      for (const error of failures) told.add(error);
      if (failure !== undefined) failures.push(failure.error);
      const dropped = ticket.dropped - before;
      if (dropped > 0) failures.push(dropError(dropped, 'the queue was full'));
      this.#toldDrops = ticket.dropped;
      deadline.settle(failures.length === 0 ? undefined : { error: joined(failures) });
    }
    this.#untold = this.#untold.filter((error) => !told.has(error));
  }

  /** Tells everybody who waits, and whoever will. */
  failAll(error: unknown): void {
    this.#end = { error };
    for (const { deadline } of Array.from(this.#waiters)) deadline.settle({ error });
  }

  /** A waiter that is not told what it would have been told. */
  #leave(failures: readonly unknown[], error: unknown): FlushAnswer {
    for (const failure of failures) if (!this.#untold.includes(failure)) this.#keep(failure);
    return { error };
  }

  #keep(failure: unknown): void {
    if (this.#untold.push(failure) > MOST_UNTOLD) this.#untold.shift();
  }
}

function dropError(count: number, why: string): Error {
  return new Error(`${count} spans were dropped: ${why}`);
}
