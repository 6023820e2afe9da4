// A main thread that sends jobs of every kind, and says what it hears of them.

import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';
import { startThread } from '../../examples/jobs/worker-threads.ts';

const lease = await startTracing(
  () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())] }),
);
const thread = startThread();
const never = new AbortController().signal;
const leaving = new AbortController();
const jobs = [
  thread.countPrimes(100, never),
  thread.countPrimes(1, never),
  thread.countPrimes(1e15, leaving.signal),
];
leaving.abort(new Error('nobody waits for it'));
const settled = await Promise.allSettled(jobs);
const cutOff = thread.countPrimes(2e15, never);
const [last] = await Promise.all([Promise.allSettled([cutOff]), thread.end()]);
await lease.release();
console.log(
  JSON.stringify(
    [...settled, ...last].map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason))),
  ),
);
