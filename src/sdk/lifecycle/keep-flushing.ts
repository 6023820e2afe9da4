import { startTimer } from '../../platform/timer.ts';

const PAUSE_MS = 100;

/**
 * Flushes now and again and again: however the process ends from now on, only what ends in the last moment can be lost.
 *
 * Holds no process. After each answer there is a pause, so that nothing is under way for long enough to see that there is
 * nothing left to do, and that the rate has a bound.
 *
 * @param flush does not reject
 * @returns a function that stops it
 */
export function keepFlushing(flush: () => Promise<unknown>): () => void {
  let isStopped = false;
  let clear = () => {};
  const next = async () => {
    await flush();
    if (!isStopped) {
      clear = startTimer(PAUSE_MS, () => void next(), { holdsProcess: false, isHousekeeping: true });
    }
  };
  void next();
  return () => {
    isStopped = true;
    clear();
  };
}
