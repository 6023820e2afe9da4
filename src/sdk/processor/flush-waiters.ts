import {
  type AbortObserver,
  type AbortSignalLike,
  observeAbort,
  type SharedListener,
} from '../../platform/abort-signal.ts';
import { startTimer } from '../../platform/timer.ts';
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

/** One caller of `forceFlush()`: it hears the first of service, time-out and abort, and leaves nothing behind. */
class FlushWaiter implements AbortObserver {
  readonly ticket: FlushTicket;
  readonly failures: unknown[] = [];
  readonly #onSettled: () => void;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;
  #listener: SharedListener | undefined;
  #clearTimer: (() => void) | undefined;

  constructor(
    ticket: FlushTicket,
    onSettled: () => void,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.ticket = ticket;
    this.#onSettled = onSettled;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  watch({ timeoutMs, signal }: ForceFlushOptions): void {
    if (timeoutMs !== undefined) {
      const expire = () => this.fail(timeoutError(`the flush had not ended after ${timeoutMs} ms`));
      this.#clearTimer = startTimer(timeoutMs, expire, { holdsProcess: true });
    }
    if (signal !== undefined) this.#listener = observeAbort(signal, this);
  }

  aborted(reason: unknown): void {
    this.fail(reason);
  }

  serve(): void {
    if (this.failures.length > 0) return this.fail(joined(this.failures));
    this.#leave();
    this.#resolve();
  }

  fail(reason: unknown): void {
    this.#leave();
    this.#reject(reason);
  }

  #leave(): void {
    this.#clearTimer?.();
    this.#listener?.remove(this);
    this.#onSettled();
  }
}

/** Everyone who waits for a flush, in the order of their tickets. */
export class FlushWaiters {
  readonly #waiters = new Set<FlushWaiter>();

  wait(ticket: FlushTicket, options: ForceFlushOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = new FlushWaiter(ticket, () => this.#waiters.delete(waiter), resolve, reject);
      this.#waiters.add(waiter);
      waiter.watch(options);
    });
  }

  /** Remembers that a batch was not exported, for the flushes that cover its first span: spans are exported in order. */
  noteFailure(firstSpan: number, error: unknown): void {
    for (const { ticket, failures } of this.#waiters) if (firstSpan < ticket.covers) failures.push(error);
  }

  /** Settles everyone whose number is not higher. @param failure of the exporter's own `forceFlush()` */
  serve(number: number, failure: { readonly error: unknown } | undefined): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.ticket.number > number) return;
      if (failure !== undefined) waiter.failures.push(failure.error);
      waiter.serve();
    }
  }

  failAll(reason: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.fail(reason);
  }
}

/** One error as it is, several as one. */
export function joined(failures: readonly unknown[]): unknown {
  return failures.length === 1 ? failures[0] : new AggregateError(failures, `${failures.length} failures`);
}
