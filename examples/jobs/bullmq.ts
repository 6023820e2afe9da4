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

/** The span that is active here is the parent of the job's, in whichever process that will run. */
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
  // `cancellable`: BullMQ makes a signal for each job, though `send` does not ask for one. It ends the span at that moment.
  const processor = traceTask(send, bullmq({ cancellable: true }));
  const worker = new Worker('mail', processor, { ...options, connection });
  // Another worker has the job by now.
  worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id, 'its lock was lost')));
  return worker;
}
