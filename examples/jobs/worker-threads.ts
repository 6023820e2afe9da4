// Worker threads: a job is sent to a thread (worker-threads.thread.ts), and its trace goes on there.
// test/jobs/worker-threads.test.ts runs it.

import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { carrier, traceTask } from 'oncespan';
import type { Answer, Job } from './worker-threads.thread.ts';

export function startThread() {
  const worker = new Worker(new URL('./worker-threads.thread.ts', import.meta.url));

  const countPrimes = traceTask(
    async (below: number, signal: AbortSignal) => {
      // A channel for this job alone: the answer comes back over it. So does the abort go out, because no signal crosses threads.
      const { port1: port, port2 } = new MessageChannel();
      worker.postMessage({ below, headers: carrier(), port: port2 } satisfies Job, [port2]);
      const abort = () => port.postMessage(signal.reason);
      signal.addEventListener('abort', abort);
      port.once('close', () => signal.removeEventListener('abort', abort));
      const answer = await new Promise<Answer>((resolve, reject) => {
        port.once('message', resolve);
        port.once('close', () => reject(new Error('the thread has ended')));
      });
      if ('error' in answer) throw answer.error;
      return answer.primes;
    },
    { name: 'ask for primes', attributes: (below) => ({ below }) },
  );

  /** For `startTracing(build, { drain: thread.end })`. A thread hears of no SIGTERM, and `terminate()` loses its spans. */
  const end = async () => {
    worker.postMessage('end');
    await once(worker, 'exit');
  };

  return { countPrimes, end };
}
