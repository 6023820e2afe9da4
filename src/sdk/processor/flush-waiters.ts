import type { AbortSignalLike } from '../../platform/abort-signal.ts';
import { Deadline } from '../../platform/deadline.ts';
import { joined } from '../../platform/provider-call.ts';
import type { DropCounts } from './span-queue.ts';
import { timeoutError } from './timeout-error.ts';

/**
 * How long to wait for a flush of the processor.
 *
 * @example
 * await processor.forceFlush({ timeoutMs: 2000, signal });
 */
export interface ForceFlushOptions {
  /**
   * Milliseconds to wait at the longest.
   *
   * @default as long as it takes, which the export time-outs bound
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Stops the waiting; the export goes on.
   *
   * @default none
   */
  readonly signal?: AbortSignalLike | undefined;
}

/** What a flush waits for. */
export interface FlushTicket {
  /** The pass that has read this number, or a higher one, serves the flush. */
  readonly number: number;
  /** How many spans had been accepted when the ticket was taken: the flush covers these and no later one. */
  readonly covers: number;
}

export interface Waiting extends ForceFlushOptions {
  readonly holdsProcess: boolean;
}

/** As many failures as are kept for the next flush. */
const MOST_UNTOLD = 32;

/** One caller of `forceFlush()`. */
interface FlushWaiter {
  readonly ticket: FlushTicket;
  /** Of the batches that it covers. */
  readonly failures: BatchFailure[];
  readonly dropErrors: readonly Error[];
  /** The dropped spans that there were when it asked. */
  readonly drops: DropCounts;
  readonly deadline: Deadline<FlushAnswer>;
}

/** A batch that was not exported. An object of its own: an exporter may fail with one error again and again. */
interface BatchFailure {
  readonly error: unknown;
}

type FlushAnswer = { readonly error: unknown } | undefined;

/** Waits for a flush as its caller asks. */
export function flushDeadline(
  { timeoutMs, signal, holdsProcess }: Waiting,
  onSettled?: () => void,
): Deadline<FlushAnswer> {
  return new Deadline<FlushAnswer>({
    timeoutMs,
    timedOut: () => ({ error: timeoutError(`the flush had not ended after ${timeoutMs} ms`) }),
    signal,
    aborted: (error) => ({ error }),
    holdsProcess,
    ...(onSettled && { onSettled }),
  });
}

/** Everyone who waits for a flush, in the order of their tickets. */
export class FlushWaiters {
  readonly #waiters = new Set<FlushWaiter>();
  /** The dropped spans that somebody has been told of. */
  #toldDrops: DropCounts = NO_DROPS;
  /** What batches failed with that nobody has been told of: the next flush covers them. The last ones only. */
  #untold: BatchFailure[] = [];
  /** Why nobody waits any more. */
  #end: { readonly error: unknown } | undefined;

  /**
   * @param ticket `undefined` when there is nothing to wait for
   * @param drops all that there have been
   */
  async wait(ticket: FlushTicket | undefined, drops: DropCounts, options: Waiting): Promise<void> {
    const told = { failures: this.#untold.slice(), dropErrors: errorsOf(drops, this.#toldDrops), drops };
    if (ticket === undefined) {
      if (this.#end !== undefined) throw this.#end.error;
      const answer = this.#tell(told);
      if (answer !== undefined) throw answer.error;
      return;
    }
    const deadline = flushDeadline(options, () => this.#waiters.delete(waiter));
    const waiter: FlushWaiter = { ticket, deadline, ...told };
    this.#waiters.add(waiter);
    const answer = await deadline.promise;
    if (answer !== undefined) throw answer.error;
  }

  /** Remembers that a batch was not exported, for the flushes that cover its first span: spans are exported in order. */
  noteFailure(firstSpan: number, error: unknown): void {
    const failure: BatchFailure = { error };
    for (const { ticket, failures } of this.#waiters) if (firstSpan < ticket.covers) failures.push(failure);
    // For whoever asks before somebody has been told.
    if (this.#untold.push(failure) > MOST_UNTOLD) this.#untold.shift();
  }

  /** Settles everyone whose ticket is not later. @param failure of the exporter's own `forceFlush()` */
  serve(number: number, failure: { readonly error: unknown } | undefined): void {
    for (const waiter of Array.from(this.#waiters)) {
      if (waiter.ticket.number > number) return;
      waiter.deadline.settle(this.#tell(waiter, failure));
    }
  }

  /** Tells everybody who waits, and whoever will. */
  failAll(error: unknown): void {
    this.#end = { error };
    for (const { deadline } of Array.from(this.#waiters)) deadline.settle({ error });
  }

  #tell(
    { failures, dropErrors, drops }: Pick<FlushWaiter, 'failures' | 'dropErrors' | 'drops'>,
    failure?: { readonly error: unknown },
  ): FlushAnswer {
    this.#untold = this.#untold.filter((untold) => !failures.includes(untold));
    this.#toldDrops = drops;
    const all = failures
      .map(({ error }) => error)
      .concat(dropErrors, failure === undefined ? [] : [failure.error]);
    return all.length === 0 ? undefined : { error: joined(all) };
  }
}

const NO_DROPS: DropCounts = { queueFull: 0, afterShutdown: 0, gaveUp: 0 };

/** @returns an error for each reason for which spans were dropped since `told` */
function errorsOf(drops: DropCounts, told: DropCounts): Error[] {
  const full = drops.queueFull - told.queueFull;
  const late = drops.afterShutdown - told.afterShutdown;
  const errors: Error[] = [];
  if (full > 0) errors.push(new Error(`${full} spans were dropped: the queue was full`));
  if (late > 0) errors.push(new Error(`${late} spans were dropped: they ended after the shutdown`));
  return errors;
}
