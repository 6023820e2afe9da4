// Worker threads: a job goes on with its trace in the thread that it is sent to, worker-threads.thread.ts.

import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { carrier, traceTask } from 'oncespan';
import type { Answer, Job } from './worker-threads.thread.ts';

export function startThread() {
  const worker = new Worker(new URL('./worker-threads.thread.ts', import.meta.url));

  const countPrimes = traceTask(
    async (below: number, signal: AbortSignal) => {
      // For this job alone: its answer comes this way, its abort goes that way, as no signal crosses threads.
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

  /** For `startTracing(build, { drain: thread.end })`: a thread hears of no signal, and `terminate()` loses its spans. */
  const end = async () => {
    worker.postMessage('end');
    await once(worker, 'exit');
  };

  return { countPrimes, end };
}
