// Mails that workers of BullMQ send: one span for each attempt at a job. test/jobs/bullmq.test.ts runs it.

import {
  type ConnectionOptions,
  DelayedError,
  type Job,
  type Queue,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { carrier, traceTask } from 'oncespan';
import { bullmq } from 'oncespan/jobs';

export interface Mail {
  readonly to: string;
}

export interface MailServer {
  isOpen(): boolean;
  deliver(to: string): Promise<string>;
}

/** The active span becomes the parent of the job's span, in whichever process the job will run. */
export function enqueue(queue: Queue, mail: Mail, options?: Parameters<Queue['add']>[2]): Promise<Job> {
  return queue.add('receipt', { ...mail, headers: carrier() }, options);
}

export function startWorker(
  mailServer: MailServer,
  connection: ConnectionOptions,
  options?: Omit<WorkerOptions, 'connection'>,
): Worker<Mail> {
  const send = async (job: Job<Mail>) => {
    if (!mailServer.isOpen()) {
      await job.moveToDelayed(Date.now() + 60_000, job.token);
      // No failure: the span ends as `ignored`, and its status is left alone.
      throw new DelayedError();
    }
    return mailServer.deliver(job.data.to);
  };
  // `cancellable`: BullMQ makes a signal for each job, though `send` has no parameter for one. Its abort ends the span at once.
  const processor = traceTask(send, bullmq({ cancellable: true }));
  const worker = new Worker('mail', processor, { ...options, connection });
  // It has lost its jobs: another worker has them by now.
  worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id, 'its lock was lost')));
  return worker;
}
