import type { TaskOptions } from '../options/options.ts';
import { findSignal } from '../platform/abort-signal.ts';
import { signalOfAll } from './batch-signal.ts';
import { consumer, type Delivery, type Message } from './consumer.ts';
import { overridden } from './overridden.ts';
import { carrierIn } from './producer.ts';
import { elementsOf, numberIn, property, textIn } from './property.ts';

/**
 * Options for the handler of `boss.work()`: a `process {queue}` span of kind CONSUMER for the jobs of one call, linked to who
 * has sent them, their producers. On its first attempt a single job is a child of its producer, unless it was sent for later
 * (which pg-boss tells with `includeMetadata`); a batch, and a job that is retried, make a trace of their own. Under the span
 * that pg-boss makes itself it is a child of that span.
 *
 * The producer's context is what `carrier()` has put into the job's data, at `headers` or at the top.
 *
 * @param options your own, which override these; attributes, and errors to ignore, add to these
 * @throws TypeError for something that is no object of options
 * @example
 * await boss.send('mail', { order, headers: carrier() });
 * await boss.work('mail', traceTask(sendAll, pgBoss({ timeoutMs: 30_000 })));
 * // A span a job:
 * const sendOne = traceTask(sendMail, pgBoss());
 * await boss.work('mail', { batchSize: 10 }, (jobs) => Promise.all(jobs.map((job) => sendOne(job))));
 */
export function pgBoss<Args extends unknown[] = unknown[], Result = unknown>(
  options?: TaskOptions<Args, Result>,
): TaskOptions<Args, Result> {
  const preset: TaskOptions = {
    ...consumer('pg-boss', 'pg_boss', read),
    // The jobs of a batch bring one each, which is aborted when the job is lost, and with all others when the time is up.
    signal: (...args) => findSignal(args) ?? signalOfAll(elementsOf(args[0]) ?? []),
  };
  return overridden('pgBoss()', preset, options);
}

function read([given]: readonly unknown[]): Delivery {
  const jobs = elementsOf(given) ?? [given];
  return {
    destination: textIn(jobs[0], 'name'),
    messages: jobs.map(messageOf),
    // Without an option of its own, pg-boss hands over an array of one.
    isBatch: jobs.length !== 1,
  };
}

function messageOf(job: unknown): Message {
  const retries = numberIn(job, 'retryCount');
  const [sent, due] = ['createdOn', 'startAfter'].map((key) => timeOf(property(job, key)));
  return {
    id: textIn(job, 'id'),
    get producer() {
      return carrierIn(property(job, 'data'));
    },
    attempt: retries === undefined ? undefined : retries + 1,
    isPostponed: due! > sent!,
  };
}

function timeOf(date: unknown): number {
  return date instanceof Date ? date.getTime() : NaN;
}
