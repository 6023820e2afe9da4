// A process whose work is done by a thread, in the way that its argument names. Both trace.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type * as opentelemetry from '@opentelemetry/sdk-trace';
import type { StartOptions } from '../../src/sdk/index.ts';
import type { Library } from './bundle.ts';
import { say } from './say.ts';

const { LIBRARY = '', SDK = '', RECEIVER } = process.env;
const { SerialBatchSpanProcessor, startSpan, startTracing, withSpan } = (await import(LIBRARY)) as Library;
const { TracerProvider } = (await import(SDK)) as typeof opentelemetry;

const start = (options?: StartOptions) =>
  startTracing(
    () => {
      const exporter = new OTLPTraceExporter({ url: RECEIVER });
      const processor = new SerialBatchSpanProcessor(exporter, { scheduledDelayMillis: 3_600_000 });
      return new TracerProvider({ spanProcessors: [processor] });
    },
    { timeoutMs: 3_600_000, ...options },
  );

function work(): void {
  startSpan('never ended in the worker');
  withSpan('ended in the worker', () => {});
}

const workers: Record<string, () => unknown> = {
  async 'ends by itself'() {
    await start();
    work();
  },
  async 'releases its lease'() {
    const lease = await start();
    work();
    await lease.release();
    process.exit();
  },
  async 'is asked to end'() {
    await start();
    work();
    parentPort!.once('message', () => {});
    say('ready');
  },
};

if (isMainThread) {
  const situation = process.argv[2]!;
  const drain = async () => {
    worker.postMessage('end');
    await once(worker, 'exit');
  };
  await start({ drain });
  const span = startSpan('ended in the main thread');
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: situation });
  await once(worker, 'exit');
  span.end();
} else {
  await workers[workerData as string]!();
}
