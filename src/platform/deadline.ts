import {
  type AbortListener,
  type AbortObserver,
  type AbortSignalLike,
  observeAbort,
} from './abort-signal.ts';
import { LONGEST_DELAY, startTimer, type TimerOptions } from './timer.ts';

export interface DeadlineOptions<T> extends TimerOptions {
  /** Milliseconds to wait at the longest. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** What stands for the answer when none has come in time. */
  readonly timedOut: () => T;
  /** Stops the waiting. */
  readonly signal?: AbortSignalLike | undefined;
  /** What stands for the answer then. Needed with a signal. */
  readonly aborted?: (reason: unknown) => T;
  /** Told of the answer at once, before those who await the promise. */
  readonly onSettled?: (answer: T) => void;
}

/** Whatever the global one is by now: our waiting must not go by the rules of a library that replaces it. */
export const IntrinsicPromise = /* @__PURE__ */ (async () => {})().constructor as PromiseConstructor;

/**
 * Waits for somebody else's answer: the first of that, a time-out and an abort. What comes later changes nothing, and no
 * timer and no listener is left.
 */
export class Deadline<T> implements AbortObserver {
  readonly promise: Promise<T>;
  readonly holdsProcess: boolean;
  readonly #options: DeadlineOptions<T>;
  #resolve!: (answer: T) => void;
  #isSettled = false;
  #clearTimer: (() => void) | undefined;
  #listener: AbortListener | undefined;

  constructor(options: DeadlineOptions<T>) {
    this.#options = options;
    this.holdsProcess = options.holdsProcess;
    this.promise = new IntrinsicPromise((resolve) => {
      this.#resolve = resolve;
    });
    const { timeoutMs = Infinity, signal } = options;
    // Without a limit a timer keeps the process all the same; it ends the waiting after 24 days.
    if (timeoutMs <= LONGEST_DELAY || options.holdsProcess) {
      this.#clearTimer = startTimer(Math.min(timeoutMs, LONGEST_DELAY), () => this.expire(), options);
    }
    // A timer that is replaced may have called at once.
    if (signal !== undefined && !this.#isSettled) this.#listener = observeAbort(signal, this);
  }

  settle(answer: T): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#clearTimer?.();
    this.#listener?.remove(this);
    this.#resolve(answer);
    this.#options.onSettled?.(answer);
  }

  /** Stops waiting, as if the limit had passed. */
  expire(): void {
    if (!this.#isSettled) this.settle(this.#options.timedOut());
  }

  aborted(reason: unknown): void {
    this.settle(this.#options.aborted!(reason));
  }
}
