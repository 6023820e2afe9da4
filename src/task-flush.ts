import { flushLimit, type Plan } from './options/plan.ts';
import { captureAsyncContext } from './platform/async-context.ts';
import { awaitFlush, requestFlush } from './platform/flush.ts';
import { attempt, handleRejection } from './platform/report.ts';
import type { EndObserver } from './span/tracked-span.ts';

/** The flush that follows one task: when its span has ended, and with `await` until its caller hears of the end. */
export class TaskFlush implements EndObserver {
  readonly holdsBack: boolean;
  readonly #provider: object | undefined;
  readonly #plan: Plan;
  /** Kept only for options that are asked about them: while the span lives, the arguments could not be collected. */
  readonly #args: ArrayLike<unknown>;
  /**
   * Acts in the async context of the call, where the host finds the invocation that `waitUntil` is to keep. An abort or a
   * time-out ends the span from elsewhere.
   */
  readonly #inCall: ((act: () => void) => void) | undefined;
  #flushed: Promise<unknown> | undefined;
  /** Whether the caller of the task waits for the flush that is asked for now. */
  #isAwaited = false;
  #hasEnded = false;

  constructor(provider: object | undefined, plan: Plan, args: ArrayLike<unknown>) {
    this.#provider = provider;
    this.#plan = plan;
    this.holdsBack = plan.flush === 'await';
    this.#args = plan.waitUntil || typeof plan.flushTimeoutMs === 'function' ? args : [];
    this.#inCall = plan.waitUntil && captureAsyncContext();
  }

  ended(): void {
    this.#hasEnded = true;
    if (this.#isAwaited || this.#plan.waitUntil !== undefined) this.#flushed = this.#flush();
    else requestFlush(this.#provider);
  }

  settling(end: () => void): Promise<unknown> | undefined {
    this.#isAwaited = true;
    this.#flushed = undefined;
    end();
    this.#isAwaited = false;
    // A stream or an iterator inside the result keeps the span live; a flush follows its end.
    if (!this.#hasEnded) return undefined;
    // A span that had ended before was flushed then: what the work began may have ended since.
    return this.#flushed ?? this.#flush();
  }

  #flush(): Promise<unknown> {
    const { waitUntil } = this.#plan;
    const timeoutMs = flushLimit(this.#plan, this.#args);
    const flushed = awaitFlush(this.#provider, { timeoutMs, holdsProcess: true });
    const what = 'option "waitUntil"';
    if (waitUntil !== undefined) {
      const args = [flushed, ...Array.from(this.#args)] as const;
      const tell = () => handleRejection(what, Reflect.apply(waitUntil, undefined, args));
      attempt(what, () => this.#inCall!(tell));
    }
    return flushed;
  }
}
