import { attempt } from '../../platform/report.ts';
import { startTimer } from '../../platform/timer.ts';
import { exitCodeOf } from './signals.ts';

/** What is needed of Node's `process`. */
export interface Process {
  readonly pid: number;
  on(event: string, listener: (signal: string) => void): void;
  off(event: string, listener: (signal: string) => void): void;
  prependListener(event: string, listener: (signal: string) => void): void;
  listenerCount(event: string): number;
  kill(pid: number, signal: string): boolean;
  exit(code: number): void;
}

/** `signal-exit`, which execa brings: it listens to signals, and kills the process where nobody else does. */
interface SignalExit {
  readonly count?: number;
}

/** The signals that it listens to: https://github.com/tapjs/signal-exit/blob/v4.1.0/src/signals.ts */
const HOOKED = new Set(
  'HUP INT TERM ALRM ABRT VTALRM XCPU XFSZ USR2 TRAP SYS QUIT IOT IO POLL PWR STKFLT'
    .split(' ')
    .map((name) => `SIG${name}`),
);

/** How many listen to `signal`, but for those that only see to it that the process ends. */
export function listenersOf(process: Process, signal: string): number {
  return process.listenerCount(signal) - (HOOKED.has(signal) ? exitHooks(process) : 0);
}

/** By the names that versions 4 and 3 go by. */
function exitHooks(process: Process & { __signal_exit_emitter__?: SignalExit }): number {
  const { [Symbol.for('signal-exit emitter')]: emitter } = globalThis as Record<
    symbol,
    SignalExit | undefined
  >;
  return (emitter?.count ?? 0) + (process.__signal_exit_emitter__?.count ?? 0);
}

/**
 * Ends the process by `signal`, to which we do not listen any more, unless others have begun to. Where the signal is
 * without effect, the process exits with the code that stands for it: as PID 1, for which the kernel ignores a signal that
 * nobody listens to, and on Windows, which can send only some.
 */
export async function endBySignal(process: Process, signal: string): Promise<void> {
  const wasSent = attempt(`process.kill() with ${signal}`, () => process.kill(process.pid, signal));
  const isTheirs = listenersOf(process, signal) > 0;
  const isHeardByHooks = process.listenerCount(signal) > 0;
  await untilSignalsAreHeard();
  // Hooks end the process, unless one of them has said that it lives on. PID 1 they cannot end.
  if (isTheirs || (wasSent && isHeardByHooks && process.pid !== 1)) return;
  process.exit(exitCodeOf(signal));
}

/**
 * Node hears a signal when the event loop comes to it, and so not if there is nothing left to do: as when somebody has shut
 * down and then raises the signal once more. Resolves when the loop has been there; holds the process until then.
 */
export function untilSignalsAreHeard(): Promise<void> {
  const options = { holdsProcess: true, isHousekeeping: true };
  return new Promise((resolve) => {
    // Two, because the first may fire before the loop has looked for signals.
    startTimer(0, () => void startTimer(0, resolve, options), options);
  });
}
