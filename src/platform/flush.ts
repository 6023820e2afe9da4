import type { AbortSignalLike } from './abort-signal.ts';
import { Deadline } from './deadline.ts';
import { processWide } from './process-wide.ts';
import { attempt, report } from './report.ts';
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

/** What copies of this library know of each other's passes: it tells its waiters once, and lets them leave before. */
interface SharedPass {
  readonly waiters: Set<{ settle(result: FlushResult): void }>;
}

/** What copies of this library know of each other's groups. */
interface SharedGroup {
  /** @returns the pass that covers everything that ended before this call */
  request(): SharedPass;
}

/** One `forceFlush` of a provider, of which all who wait for it are told. */
function runPass(provider: Flushable, { waiters }: SharedPass, onSettled: () => void): void {
  const deadline = new Deadline<FlushResult>({
    timeoutMs: PASS_LIMIT_MS,
    timedOut: () => TIMED_OUT,
    holdsProcess: false,
    isHousekeeping: true,
    onSettled: (result) => {
      if (result.status !== 'flushed')
        report(`a flush ${result.status}`, (result as { error?: unknown }).error);
      for (const waiter of Array.from(waiters)) waiter.settle(result);
      onSettled();
    },
  });
  // Untraced, because a span that a flush ends would ask for the next one, for ever. The promise turns a synchronous
  // throw and any thenable into a settlement that comes later.
  new Promise((resolve) => {
    resolve(
      callUntraced(() => {
        // Where timers throw, as after the end of a test, an SDK's flush would reject where nobody can hear it.
        clearTimeout(undefined);
        return provider.forceFlush();
      }),
    );
  }).then(
    () => deadline.settle(FLUSHED),
    (error: unknown) => deadline.settle({ status: 'failed', error }),
  );
}

/**
 * Group commit: at most one pass of a provider under way and one waiting. A request made during a pass joins the next,
 * because the one under way may have looked at the queue already; it waits for no later one.
 */
function newGroup(provider: Flushable): SharedGroup {
  let isRunning = false;
  let waiting: SharedPass | undefined;
  const start = (pass: SharedPass): SharedPass => {
    isRunning = true;
    runPass(provider, pass, () => {
      const next = waiting;
      waiting = undefined;
      isRunning = false;
      if (next !== undefined) start(next);
    });
    return pass;
  };
  const newPass = (): SharedPass => ({ waiters: new Set() });
  return { request: () => (isRunning ? (waiting ??= newPass()) : start(newPass())) };
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
    const waiters = groupOf(provider)?.request().waiters;
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
