// worker.ts NAME LOG: works on orders, and sends the receipts of those that are fine. Before anything else it notes in the file LOG
// what it has begun: what is noted and has not arrived at the receiver is what was lost.

import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type Job, Queue, Worker } from 'bullmq';
import { carrier, traceTask } from 'oncespan';
import { bullmq } from 'oncespan/jobs';
import { connection, type Order } from './orders.ts';
import { startTracingAs } from './tracing.ts';

const [, , name, log] = process.argv as [string, string, string, string];
const workers: Worker[] = [];
await startTracingAs(name, () => Promise.all(workers.map((worker) => worker.close())));

const receipts = new Queue('receipts', { connection });
const begin = (job: Job) => appendFileSync(log, `${job.queueName} ${job.id} ${job.attemptsStarted}\n`);

async function workOn(job: Job<Order>): Promise<void> {
  begin(job);
  const { fate } = job.data;
  await wait(10);
  if (fate === 'left') {
    // As somebody else would, who has heard of it. The work goes on for a while: it ignores the signal.
    orders.cancelJob(job.id!, 'the customer left');
    await wait(10);
    throw new Error('nobody is there to take it');
  }
  if (fate === 'declined') throw new RangeError('the card was declined');
  // Whoever takes this order over has the same receipt in mind.
  await receipts.add('receipt', { headers: carrier() }, { jobId: `receipt-${job.id}` });
}

async function sendReceipt(job: Job): Promise<void> {
  begin(job);
  await wait(5);
}

// Soon taken over by another worker when this one dies.
const options = { connection, concurrency: 10, lockDuration: 3000, stalledInterval: 500 };
const orders = new Worker('orders', traceTask(workOn, bullmq({ cancellable: true })), options);
workers.push(orders, new Worker('receipts', traceTask(sendReceipt, bullmq()), options));
for (const worker of workers) worker.on('error', (error) => console.error(name, error.message));
