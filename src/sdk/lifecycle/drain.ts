import { Deadline } from '../../platform/deadline.ts';
import { report } from '../../platform/report.ts';

/** The application's own way to bring its work to an end. */
export type Drain = () => Promise<unknown>;

/**
 * Calls `drain` and waits until its promise has settled, for `timeoutMs` at the longest, during which the process stays.
 * Never rejects: what fails or hangs is reported.
 */
export function drainWithin(timeoutMs: number, drain: Drain): Promise<void> {
  const limit = new Deadline<void>({
    timeoutMs,
    timedOut: () => report(`drain() had not settled after ${timeoutMs} ms`),
    holdsProcess: true,
  });
  new Promise((resolve) => resolve(drain()))
    .catch((error: unknown) => report('drain() failed', error))
    .then(() => limit.settle());
  return limit.promise;
}
