// Runs in the thread that worker-threads.ts starts. Threads share nothing of tracing: this one has a provider of its own.

import { setImmediate as turn } from 'node:timers/promises';
import { type MessagePort, parentPort, threadId } from 'node:worker_threads';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { traceTask } from 'oncespan';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

export interface Job {
  readonly below: number;
  readonly headers: Record<string, string>;
  readonly port: MessagePort;
}

export type Answer = { readonly primes: number } | { readonly error: unknown };

const lease = await startTracing(
  () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())] }),
);

const countPrimes = traceTask(
  async ({ below }: Job, signal: AbortSignal) => {
    if (below < 2) throw new RangeError(`there is no prime below ${below}`);
    const primes: number[] = [];
    for (let number = 2; number < below; number++) {
      if (primes.every((prime) => number % prime !== 0)) primes.push(number);
      // Lets the messages in, and with them the abort.
      if (number % 100 === 0) await turn();
      signal.throwIfAborted();
    }
    return primes.length;
  },
  { name: 'count primes', from: ({ headers }) => headers, attributes: { 'thread.id': threadId } },
);

async function answer(job: Job): Promise<void> {
  const aborting = new AbortController();
  job.port.once('message', (reason) => aborting.abort(reason));
  const answered = await countPrimes(job, aborting.signal).then(
    (primes): Answer => ({ primes }),
    (error: unknown): Answer => ({ error }),
  );
  job.port.postMessage(answered);
  job.port.close();
}

parentPort!.on('message', async (message: Job | 'end') => {
  if (message !== 'end') return answer(message);
  // Ends the spans of the jobs in hand as `shutdown`, and exports everything. Otherwise the exit would cut that off.
  await lease.release();
  process.exit(); // of the thread
});
