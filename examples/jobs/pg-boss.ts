// Mails that workers of pg-boss send: one span for all jobs of a call, or one for each job. test/jobs/pg-boss.test.ts runs it.

import { carrier, traceTask } from 'oncespan';
import { pgBoss } from 'oncespan/jobs';
import type { Job, JobResult, PgBoss, SendOptions } from 'pg-boss';

export interface Mail {
  readonly to: string;
}

export type Deliver = (to: readonly string[], signal: AbortSignal) => Promise<string>;

/** The active span becomes the parent of the job's span, or is linked to it, in whichever process the job will run. */
export function enqueue(boss: PgBoss, queue: string, mail: Mail, options?: SendOptions) {
  return boss.send(queue, { ...mail, headers: carrier() }, options);
}

/** All jobs of a call are one piece of work, and one span. It is linked to the producer of each job. */
export async function sendDigests(boss: PgBoss, deliver: Deliver): Promise<void> {
  const send = (jobs: Job<Mail>[]) => {
    const addresses = jobs.map(({ data }) => data.to);
    return deliver(addresses, AbortSignal.any(jobs.map(({ signal }) => signal)));
  };
  await boss.work('digests', { batchSize: 10, pollingIntervalSeconds: 0.5 }, traceTask(send, pgBoss()));
}

/** Each job of a call has its own span, in the trace of who has sent it, which ends with its own signal and outcome. */
export async function sendReceipts(boss: PgBoss, deliver: Deliver): Promise<void> {
  const send = traceTask((job: Job<Mail>) => deliver([job.data.to], job.signal), pgBoss());
  const sendOne = (job: Job<Mail>): Promise<JobResult> =>
    send(job).then(
      (output) => ({ id: job.id, status: 'completed', output }),
      (error: Error) => ({ id: job.id, status: 'failed', output: { message: error.message } }),
    );
  await boss.work(
    'receipts',
    { batchSize: 10, perJobResults: true, pollingIntervalSeconds: 0.5 },
    (jobs: Job<Mail>[]) => Promise.all(jobs.map((job) => sendOne(job))),
  );
}
