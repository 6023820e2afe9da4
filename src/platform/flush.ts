import type { AbortSignalLike } from './abort-signal.ts';
import { Deadline } from './deadline.ts';
import { processWide } from './process-wide.ts';
import { callProvider, joined } from './provider-call.ts';
import { attempt, report } from './report.ts';
import { LONGEST_DELAY, startTimer } from './timer.ts';

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

/** A pass that has not ended by then holds up the next one no longer, so that one hung exporter does not block every later flush. */
const PASS_LIMIT_MS = 30_000;

const FLUSHED: FlushResult = { status: 'flushed' };
const TIMED_OUT: FlushResult = { status: 'timed-out' };

interface Flushable {
  forceFlush(options?: { readonly timeoutMillis: number }): unknown;
}

/** What copies of this library know of each other's passes: it tells its waiters once, and lets them leave before. */
interface SharedPass {
  readonly waiters: Set<{ settle(result: FlushResult): void }>;
  /** The longest that somebody waits for it, in milliseconds. */
  limitMs: number;
}

/** What copies of this library know of each other's groups. */
interface SharedGroup {
  /** @returns the pass that covers everything that ended before this call */
  request(limitMs?: number): SharedPass;
}

/** One `forceFlush` of a provider, of which all who wait for it are told. */
async function runPass(
  provider: Flushable,
  { waiters, limitMs }: SharedPass,
  onOver: () => void,
): Promise<void> {
  const clearTimer = startTimer(
    PASS_LIMIT_MS,
    () => {
      if (waiters.size === 0) report('a flush timed-out');
      onOver();
    },
    { holdsProcess: false, isHousekeeping: true },
  );
  // SDK 3 gives up after 30 seconds if it is not told otherwise.
  const timeoutMillis = Math.min(Math.max(limitMs, PASS_LIMIT_MS), LONGEST_DELAY);
  const forceFlush = () => {
    // Where timers throw, as after the end of a test, an SDK's flush would reject where nobody can hear it.
    clearTimeout(undefined);
    return provider.forceFlush({ timeoutMillis });
  };
  const failures = await callProvider(forceFlush);
  clearTimer();
  const result: FlushResult = failures.length === 0 ? FLUSHED : { status: 'failed', error: joined(failures) };
  if (result.status === 'failed') report('a flush failed', result.error);
  for (const waiter of Array.from(waiters)) waiter.settle(result);
  onOver();
}

/**
 * Group commit: at most one pass of a provider under way and one waiting. A request made during a pass joins the next,
 * because the one under way may have looked at the queue already; it waits for no later one.
 */
function newGroup(provider: Flushable): SharedGroup {
  let running: SharedPass | undefined;
  let waiting: SharedPass | undefined;
  const start = (pass: SharedPass): SharedPass => {
    running = pass;
    void runPass(provider, pass, () => {
      if (running !== pass) return;
      const next = waiting;
      running = waiting = undefined;
      if (next !== undefined) start(next);
    });
    return pass;
  };
  return {
    request(limitMs = 0) {
      if (running === undefined) return start({ waiters: new Set(), limitMs });
      waiting ??= { waiters: new Set(), limitMs };
      waiting.limitMs = Math.max(waiting.limitMs, limitMs);
      return waiting;
    },
  };
}

/** By provider: however many copies of this library flush it, its passes do not overlap. */
const groups = /* @__PURE__ */ processWide('flush-groups', () => new WeakMap<object, SharedGroup>());

/** @returns `undefined` when there is nothing to flush: no provider, or one that has no `forceFlush` */
function groupOf(provider: object | undefined): SharedGroup | undefined {
  if (provider === undefined || typeof (provider as Partial<Flushable>).forceFlush !== 'function')
    return undefined;
  let group = groups.get(provider);
  if (group === undefined) groups.set(provider, (group = newGroup(provider as Flushable)));
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
export async function awaitFlush(
  provider: object | undefined,
  { timeoutMs, signal, holdsProcess }: AwaitFlushOptions,
): Promise<FlushResult> {
  try {
    if (signal?.aborted) return { status: 'aborted', reason: signal.reason };
    const waiters = groupOf(provider)?.request(timeoutMs).waiters;
    if (waiters === undefined) return FLUSHED;
    const deadline: Deadline<FlushResult> = new Deadline<FlushResult>({
      timeoutMs,
      timedOut: () => TIMED_OUT,
      signal,
      aborted: (reason) => ({ status: 'aborted', reason }),
      holdsProcess,
      onSettled: () => waiters.delete(deadline),
    });
    waiters.add(deadline);
    return await deadline.promise;
  } catch (error) {
    return { status: 'failed', error };
  }
}
