import { startTimer, type TimerOptions } from '../../platform/timer.ts';

/**
 * Somebody else's answer, or what stands for it when none comes in time. The first one counts; a second one, or one that
 * comes late, changes nothing. The timer goes with the first answer.
 */
export class FirstAnswer<T> {
  readonly promise: Promise<T>;
  readonly #late: () => T;
  readonly #clearTimer: (() => void) | undefined;
  #resolve!: (answer: T) => void;

  /** @param limitMs milliseconds to wait for an answer; `Infinity` starts no timer */
  constructor(limitMs: number, late: () => T, options: TimerOptions) {
    this.#late = late;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (limitMs === Infinity) return;
    this.#clearTimer = startTimer(limitMs, () => this.expire(), options);
  }

  give(answer: T): void {
    this.#clearTimer?.();
    this.#resolve(answer);
  }

  /** Stops waiting, as if the limit had passed. */
  expire(): void {
    this.give(this.#late());
  }
}
