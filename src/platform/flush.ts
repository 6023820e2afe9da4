import type { AbortSignalLike } from './abort-signal.ts';
import { Deadline } from './deadline.ts';
import { processWide } from './process-wide.ts';
import { joined, ProviderCall } from './provider-call.ts';
import { attempt, report } from './report.ts';
import { isIoRequestBound } from './request-bound.ts';
import { startTimer } from './timer.ts';

/**
 * How a flush ended. `flushed`: what had ended before it was exported. `failed`: not all of it was, or spans were dropped; they
 * may have arrived all the same, if the answer was lost. `timed-out`, `aborted`: nobody waited any longer; the export goes on.
 */
export type FlushResult =
  | { readonly status: 'flushed' }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'timed-out' }
  | { readonly status: 'aborted'; readonly reason: unknown };

/**
 * How long to wait for a flush.
 *
 * @example
 * await flush({ timeoutMs: 2000, signal: AbortSignal.any([stopping, request.signal]) });
 */
export interface FlushOptions {
  /**
   * Milliseconds to wait at the longest; the export goes on without the caller.
   *
   * @default the instance's `flushTimeoutMs`, which is 5000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Stops the waiting, not the export.
   *
   * @default none
   */
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * A pass that has not ended by then holds up the next one no longer, so that one hung exporter does not block every later
 * flush. Shorter than the 30 seconds after which an SDK's provider gives up on its processors: we let it go first, and who
 * waits longer is answered by the processor itself.
 */
const PASS_LIMIT_MS = 25_000;

/** As many failures as are kept for the next flush that somebody waits for. */
const MOST_UNTOLD = 8;

const FLUSHED: FlushResult = { status: 'flushed' };

interface Flushable {
  forceFlush(): unknown;
}

/** What copies of this library know of each other's passes: it tells its waiters once, and lets them leave before. */
interface SharedPass {
  readonly waiters: Set<Pick<Deadline<FlushResult>, 'settle' | 'holdsProcess'>>;
  /** Called when a waiter has left. */
  left(): void;
}

interface Pass extends SharedPass {
  run(): Promise<void>;
}

/** What copies of this library know of each other's groups. */
interface SharedGroup {
  /** @returns the pass that covers everything that ended before this call */
  request(): SharedPass;
}

/**
 * Group commit: at most one pass of a provider under way and one waiting. A request made during a pass joins the next,
 * because the one under way may have looked at the queue already; it waits for no later one.
 *
 * Where I/O belongs to a request, each request for a flush begins a pass of its own, and none waits for another.
 */
function newGroup(provider: Flushable): SharedGroup {
  let running: Pass | undefined;
  let waiting: Pass | undefined;
  /** What passes failed with, for those who have asked for a flush since and heard of none. */
  let untold: unknown[] = [];

  const newPass = (): Pass => {
    const waiters: SharedPass['waiters'] = new Set();
    const call = new ProviderCall();
    // When nobody who is left holds the process, the provider is answered: until then it would keep the process alive.
    const left = () => {
      for (const { holdsProcess } of waiters) if (holdsProcess) return;
      call.answerEarly();
    };
    const goOn = () => {
      if (running !== pass) return;
      running = waiting;
      waiting = undefined;
      void running?.run();
    };
    const giveUp = () => {
      call.answerEarly();
      goOn();
    };
    const run = async () => {
      const clearTimer = startTimer(PASS_LIMIT_MS, giveUp, { holdsProcess: false, isHousekeeping: true });
      const ended = call.run(() => {
        // If timers throw, as after the end of a test, this does so here, where it is caught. In an SDK it would be an
        // unhandled rejection.
        clearTimeout(undefined);
        return provider.forceFlush();
      });
      // By now whoever has asked for it is among the waiters.
      await undefined;
      left();
      const failures = await ended;
      clearTimer();
      const all = untold.concat(failures);
      const error = all.length > 0 ? joined(all) : undefined;
      const result: FlushResult = error === undefined ? FLUSHED : { status: 'failed', error };
      if (failures.length > 0) report('a flush failed', error);
      // Whoever waits for the next pass has to hear of what this one failed with, too.
      if (waiters.size === 0) untold = all.slice(-MOST_UNTOLD);
      else untold = waiting === undefined ? [] : failures;
      for (const waiter of waiters) waiter.settle(result);
      goOn();
    };
    const pass: Pass = { waiters, left, run };
    return pass;
  };
  return {
    request() {
      if (running !== undefined && !isIoRequestBound()) return (waiting ??= newPass());
      running = newPass();
      void running.run();
      return running;
    },
  };
}

/** By provider: however many copies of this library flush it, its passes do not overlap. */
const groups = /* @__PURE__ */ processWide('flush-groups', () => new WeakMap<object, SharedGroup>());

/** @returns `undefined` when there is nothing to flush: no provider, or one that has no `forceFlush` */
function groupOf(provider: Partial<Flushable> | undefined): SharedGroup | undefined {
  if (typeof provider?.forceFlush !== 'function') return undefined;
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
  const aborted = (reason: unknown): FlushResult => ({ status: 'aborted', reason });
  try {
    if (signal?.aborted) return aborted(signal.reason);
    const pass = groupOf(provider)?.request();
    if (pass === undefined) return FLUSHED;
    // What is asked of the provider may abort it.
    if (signal?.aborted) return aborted(signal.reason);
    const deadline: Deadline<FlushResult> = new Deadline<FlushResult>({
      timeoutMs,
      timedOut: () => ({ status: 'timed-out' }),
      signal,
      aborted,
      holdsProcess,
      onSettled: () => {
        pass.waiters.delete(deadline);
        pass.left();
      },
    });
    pass.waiters.add(deadline);
    return await deadline.promise;
  } catch (error) {
    return { status: 'failed', error: joined([error]) };
  }
}
