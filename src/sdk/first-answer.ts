import { startTimer } from '../timer.ts';

/**
 * Somebody else's answer, or what stands for it when none comes in time. The first one counts; a second one, or one that
 * comes late, changes nothing. Nothing is left behind: the timer goes with the first answer.
 */
export class FirstAnswer<T> {
  readonly promise: Promise<T>;
  readonly #late: () => T;
  #resolve: ((answer: T) => void) | undefined;
  #clearTimer: (() => void) | undefined;

  /** @param limitMs milliseconds to wait for an answer; `Infinity` starts no timer */
  constructor(limitMs: number, late: () => T) {
    this.#late = late;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (limitMs === Infinity) return;
    this.#clearTimer = startTimer(limitMs, () => this.expire(), { holdsProcess: false });
  }

  give(answer: T): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    this.#clearTimer?.();
    resolve(answer);
  }

  /** Stops waiting, as if the limit had passed. */
  expire(): void {
    if (this.#resolve !== undefined) this.give(this.#late());
  }
}
