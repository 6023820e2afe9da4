import { ROOT_CONTEXT } from '@opentelemetry/api';
import { callInContext } from './context.ts';
import { attempt } from './report.ts';

/** The longest delay `setTimeout` takes, 24 days; beyond it fires at once, where never is what is meant. */
const LONGEST_DELAY = 2 ** 31 - 1;

export interface TimerOptions {
  /** Whether the process waits for the timer: only when a caller is awaiting what it decides. */
  readonly holdsProcess: boolean;
}

/**
 * Starts a timer in the root context, so that it does not pin the span that happens to be active.
 *
 * @returns a function that clears it
 */
export function startTimer(delayMs: number, act: () => void, { holdsProcess }: TimerOptions): () => void {
  if (delayMs > LONGEST_DELAY) return () => {};
  const start = () => setTimeout(act, delayMs) as number | { unref?: () => void };
  // Some hosts refuse, as Workers do outside a request: then that limit does not hold.
  const timer = attempt('setTimeout()', () => callInContext(ROOT_CONTEXT, start, undefined, []));
  // Where a timer is a number (browsers, some edge runtimes) there is no process to hold.
  if (!holdsProcess && typeof timer === 'object') timer.unref?.();
  return () => attempt('clearTimeout()', () => clearTimeout(timer as number));
}

// Taken at import, so that an application's fake clock does not stop it.
const { setImmediate } = globalThis as {
  setImmediate?: (act: () => void) => { unref?: () => void };
};

/** Calls `act` when what is going on now has settled. */
export function atEndOfTurn(act: () => void): void {
  try {
    setImmediate!(act).unref?.();
  } catch {
    // There is none, or one that only throws, as in the edge runtime of Next.js.
    startTimer(0, act, { holdsProcess: false });
  }
}
