import { startTimer } from '../../platform/timer.ts';

const PAUSE_MS = 100;

/**
 * Flushes now and again and again: however the process ends from now on, only what ends in the last moment can be lost.
 *
 * Holds no process. The pause after each answer bounds the rate. It also leaves nothing under way for a moment, so that the
 * process can end when there is nothing left to do.
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
