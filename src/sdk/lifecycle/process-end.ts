import { attempt } from '../../platform/report.ts';
import { endBySignal, listenersOf, type Process, untilSignalsAreHeard } from './end-by-signal.ts';
import { keepFlushing } from './keep-flushing.ts';
import type { FlushAllOptions } from './shared-providers.ts';

/** What there is to do when a process ends. Nothing of it throws or rejects. */
export interface ProcessEnd {
  /** Those at which the process is to end. */
  readonly signals: readonly string[];
  /** Milliseconds for `flush` and `shutDown` together. */
  readonly timeoutMs: number;
  /** Waits for the application's work to come to its end, with tracing on. */
  readonly drain: (() => Promise<void>) | undefined;
  /** Exports what has ended. */
  readonly flush: (options: FlushAllOptions) => Promise<void>;
  /** Ends what is live, and tracing. */
  readonly shutDown: (timeoutMs: number) => Promise<void>;
  /** What can be done on the spot, when `process.exit()` or an uncaught exception waits for nobody. */
  readonly handOver: () => void;
}

/**
 * Does what there is to do at the first of the signals, or when the process has nothing left to do, then lets the process
 * end as it would have: by the same signal if nobody else listens to it, else when and how the others decide.
 *
 * Others need tracing until then. So at a signal that is theirs nothing is shut down, unless `drain` tells when they are
 * through: what ends is flushed soon, since they may end the process at any time. If they raise the signal once more when
 * they are through, nobody else listens to it any more.
 *
 * A second signal is not held up.
 *
 * @returns a function that stops listening
 */
export function beforeProcessEnd({
  signals,
  timeoutMs,
  drain,
  flush,
  shutDown,
  handOver,
}: ProcessEnd): () => void {
  const { process } = globalThis as { process?: Process };
  if (typeof process?.prependListener !== 'function') return () => {};
  let stopFlushing: (() => void) | undefined;
  /** Drain and shutdown, once they are under way. */
  let ending: Promise<void> | undefined;
  /** Whether a signal waits for `ending`. The next one does not. */
  let signalWaits = false;

  const onSignal = (signal: string) => {
    const isTheirs = listenersOf(process, signal) > 1;
    if (isTheirs || drain !== undefined) {
      stopFlushing ??= keepFlushing(() => flush({ timeoutMs: Infinity, holdsProcess: false }));
    }
    if (isTheirs && drain === undefined) return;
    if (signalWaits) {
      if (!isTheirs) endNow(signal);
      return;
    }
    signalWaits = true;
    ending ??= drain === undefined ? flushAndShutDown() : drain().then(() => shutDown(timeoutMs));
    if (!isTheirs) void ending.then(() => endNow(signal));
  };
  /** Nobody tells when the work is over. What begins during the flush is work like any other, and traced. */
  const flushAndShutDown = async () => {
    const begin = performance.now();
    await flush({ timeoutMs: timeoutMs / 2, holdsProcess: true });
    await shutDown(Math.max(0, Math.ceil(timeoutMs - (performance.now() - begin))));
  };
  const onBeforeExit = () => {
    ending ??= untilSignalsAreHeard().then(() => shutDown(timeoutMs));
  };
  const endNow = (signal: string) => {
    stop();
    void endBySignal(process, signal);
  };
  const stop = () => {
    stopFlushing?.();
    for (const signal of signals) process.off(signal, onSignal);
    process.off('beforeExit', onBeforeExit);
    process.off('exit', handOver);
  };

  // First in line: a listener for one time only, called before ours, would be gone from the count.
  for (const signal of signals) {
    attempt(`listening to ${signal}`, () => void process.prependListener(signal, onSignal));
  }
  process.on('beforeExit', onBeforeExit);
  process.on('exit', handOver);
  return stop;
}
