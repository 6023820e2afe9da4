import { ROOT_CONTEXT } from '@opentelemetry/api';
import { callInContext } from './context.ts';
import { attempt } from './report.ts';

/** The longest delay `setTimeout` takes, 24 days; beyond it fires at once, where never is what is meant. */
export const LONGEST_DELAY = 2 ** 31 - 1;

interface Timers {
  readonly setTimeout: (act: () => void, delayMs: number) => unknown;
  readonly clearTimeout: (timer: never) => void;
}

// Taken at import: what this library does for itself is neither seen nor stopped by a fake clock. Called as functions: as methods
// of another object, those of browsers and Workers throw.
const { setTimeout, clearTimeout, setImmediate } = globalThis as unknown as Timers & {
  readonly setImmediate?: (act: () => void) => { unref?: () => void };
};

const housekeeping: Timers = {
  setTimeout: (act, delayMs) => setTimeout(act, delayMs),
  clearTimeout: (timer) => clearTimeout(timer),
};

export interface TimerOptions {
  /** Whether the process waits for the timer: only when a caller is awaiting what it decides. */
  readonly holdsProcess: boolean;
  /** Whether the application has nothing to do with it. What it has asked for goes by the application's clock, which may be fake. */
  readonly isHousekeeping?: boolean | undefined;
}

/**
 * Starts a timer in the root context, so that it does not pin the span that happens to be active.
 *
 * @returns a function that clears it
 */
export function startTimer(
  delayMs: number,
  act: () => void,
  { holdsProcess, isHousekeeping = false }: TimerOptions,
): () => void {
  if (delayMs > LONGEST_DELAY) return () => {};
  const clock: Timers = isHousekeeping ? housekeeping : (globalThis as unknown as Timers);
  const start = () => clock.setTimeout(act, delayMs) as { unref?: () => unknown } | null;
  // Some hosts refuse, as Workers do outside a request: then that limit does not hold.
  const timer = attempt('setTimeout()', () => callInContext(ROOT_CONTEXT, start, undefined, []));
  // Where a timer is a number (browsers, some edge runtimes) there is no process to hold. A mock may answer anything.
  if (!holdsProcess) attempt('timer.unref()', () => timer?.unref?.());
  return () => attempt('clearTimeout()', () => clock.clearTimeout(timer as never));
}

/** Whether the host refuses timers at the moment, as Workers do outside a request: there nothing else can be begun, either. */
export function refusesTimers(): boolean {
  try {
    clearTimeout(setTimeout(() => {}, 0) as never);
    return false;
  } catch {
    return true;
  }
}

/** Calls `act` after this turn of the event loop. Holds no process, so it may never be called. */
export function atEndOfTurn(act: () => void): void {
  try {
    setImmediate!(act).unref?.();
  } catch {
    // There is none, or one that only throws, as in the edge runtime of Next.js.
    startTimer(0, act, { holdsProcess: false, isHousekeeping: true });
  }
}
