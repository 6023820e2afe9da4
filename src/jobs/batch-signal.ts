import { type AbortSignalLike, findSignal } from '../platform/abort-signal.ts';

/**
 * One signal for jobs that each bring their own: aborted with the last of theirs. A batch goes on without a job that it has
 * lost.
 *
 * @returns `undefined` if a job has none
 */
export function signalOfAll(jobs: readonly unknown[]): AbortSignalLike | undefined {
  const signals = jobs.map((job) => findSignal([job]));
  if (signals.length === 0 || !signals.every((signal) => signal !== undefined)) return undefined;
  const all = new AbortController();
  let left = signals.length;
  for (const signal of signals) {
    const hear = () => {
      if (--left === 0) all.abort(signal.reason);
    };
    if (signal.aborted) hear();
    // Nobody takes these back: whoever makes a signal for each job is to drop or abort it with that job.
    else signal.addEventListener('abort', hear);
  }
  return all.signal;
}
