import {
  type AbortObserver,
  type AbortSignalLike,
  observeAbort,
  type SharedListener,
} from './abort-signal.ts';
import { processWide } from './process-wide.ts';
import { attempt, report } from './report.ts';
import { startTimer } from './timer.ts';
import { callUntraced } from './untraced-context.ts';

/** How a flush ended. A flush never rejects: whoever asks for one is usually about to do something else. */
export type FlushResult =
  | { readonly status: 'flushed' }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'timed-out' }
  | { readonly status: 'aborted'; readonly reason: unknown };

export interface FlushOptions {
  /** Milliseconds to wait at the longest; the pass goes on without the caller. Default: `flushTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Stops the waiting, not the pass. */
  readonly signal?: AbortSignalLike | undefined;
}

/** A pass that has not ended by then is given up, so that one hung exporter does not block every later flush. */
const PASS_LIMIT_MS = 30_000;

const FLUSHED: FlushResult = { status: 'flushed' };
const TIMED_OUT: FlushResult = { status: 'timed-out' };

interface Flushable {
  forceFlush(): unknown;
}

interface PassWaiter {
  settle(result: FlushResult): void;
}

/** What copies of this library know of each other's passes: it tells its waiters once, and lets them leave before. */
interface SharedPass {
  readonly waiters: Set<PassWaiter>;
}

/** What copies of this library know of each other's groups. */
interface SharedGroup {
  /** @returns the pass that covers everything that ended before this call */
  request(): SharedPass;
}

/** Somebody who waits for a pass: it hears the first of result, time-out and abort, and leaves nothing behind. */
class Waiter implements AbortObserver, PassWaiter {
  readonly #pass: SharedPass;
  readonly #resolve: (result: FlushResult) => void;
  #listener: SharedListener | undefined;
  #clearTimer: (() => void) | undefined;

  constructor(pass: SharedPass, resolve: (result: FlushResult) => void) {
    this.#pass = pass;
    this.#resolve = resolve;
    pass.waiters.add(this);
  }

  watch(timeoutMs: number, signal: AbortSignalLike | undefined, holdsProcess: boolean): void {
    this.#clearTimer = startTimer(timeoutMs, () => this.settle(TIMED_OUT), { holdsProcess });
    if (signal !== undefined) this.#listener = observeAbort(signal, this);
  }

  aborted(reason: unknown): void {
    this.settle({ status: 'aborted', reason });
  }

  settle(result: FlushResult): void {
    if (!this.#pass.waiters.delete(this)) return;
    this.#clearTimer?.();
    this.#listener?.remove(this);
    this.#resolve(result);
  }
}

/** One `forceFlush` of a provider, under way or waiting for its turn. */
class Pass implements SharedPass {
  readonly waiters = new Set<PassWaiter>();
  readonly #provider: Flushable;
  readonly #onSettled: () => void;
  #settled = false;

  constructor(provider: Flushable, onSettled: () => void) {
    this.#provider = provider;
    this.#onSettled = onSettled;
  }

  start(): void {
    const clearTimer = startTimer(PASS_LIMIT_MS, () => settle(TIMED_OUT), { holdsProcess: false });
    const settle = (result: FlushResult) => {
      if (this.#settled) return;
      this.#settled = true;
      clearTimer();
      if (result.status !== 'flushed')
        report(`a flush ${result.status}`, 'error' in result ? result.error : undefined);
      for (const waiter of [...this.waiters]) waiter.settle(result);
      this.#onSettled();
    };
    // Untraced, because a span that a flush ends would ask for the next one, for ever. The promise turns a synchronous
    // throw and any thenable into a settlement that comes later.
    new Promise((resolve) => {
      resolve(callUntraced(() => this.#provider.forceFlush()));
    }).then(
      () => settle(FLUSHED),
      (error: unknown) => settle({ status: 'failed', error }),
    );
  }
}

/**
 * Group commit: at most one pass of a provider under way and one waiting. A request made during a pass joins the next,
 * because the one under way may have looked at the queue already; it waits for no later one.
 */
class FlushGroup implements SharedGroup {
  readonly #provider: Flushable;
  #running: Pass | undefined;
  #waiting: Pass | undefined;

  constructor(provider: Flushable) {
    this.#provider = provider;
  }

  request(): Pass {
    if (this.#running === undefined) return this.#start(this.#newPass());
    return (this.#waiting ??= this.#newPass());
  }

  #newPass(): Pass {
    return new Pass(this.#provider, () => this.#next());
  }

  #start(pass: Pass): Pass {
    this.#running = pass;
    pass.start();
    return pass;
  }

  #next(): void {
    const pass = this.#waiting;
    this.#running = this.#waiting = undefined;
    if (pass !== undefined) this.#start(pass);
  }
}

/** By provider: however many copies of this library flush it, its passes do not overlap. */
const groups = /* @__PURE__ */ processWide('flush-groups', () => new WeakMap<object, SharedGroup>());

/** @returns `undefined` when there is nothing to flush: no provider, or one that has no `forceFlush` */
function groupOf(provider: object | undefined): SharedGroup | undefined {
  if (provider === undefined || typeof (provider as Partial<Flushable>).forceFlush !== 'function')
    return undefined;
  let group = groups.get(provider);
  if (group === undefined) groups.set(provider, (group = new FlushGroup(provider as Flushable)));
  return group;
}

/** Makes sure that what has ended gets exported, and waits for nothing. */
export function requestFlush(provider: object | undefined): void {
  attempt('requesting a flush', () => void groupOf(provider)?.request());
}

export interface AwaitFlushOptions extends FlushOptions {
  readonly timeoutMs: number;
  readonly holdsProcess: boolean;
}

/** Requests a flush and waits for it, no longer than asked. */
export function awaitFlush(
  provider: object | undefined,
  { timeoutMs, signal, holdsProcess }: AwaitFlushOptions,
): Promise<FlushResult> {
  return new Promise<FlushResult>((resolve) => {
    if (signal?.aborted) return resolve({ status: 'aborted', reason: signal.reason });
    const group = groupOf(provider);
    if (group === undefined) return resolve(FLUSHED);
    new Waiter(group.request(), resolve).watch(timeoutMs, signal, holdsProcess);
  }).catch((error: unknown) => ({ status: 'failed', error }));
}
