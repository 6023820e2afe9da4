// How many spans are lost when they end at a given rate, whether or not the exporter keeps up, over real OTLP/HTTP.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { traceTask } from '../../dist/index.js';
import { SerialBatchSpanProcessor } from '../../dist/sdk/index.js';
import { countExports } from '../../test/export-count.ts';
import { startReceiver } from './receiver.mjs';

export const BATCH = 512;
export const QUEUE = 2048;

/** A job of the SDK's user: its span ends, then a flush is asked for, which nobody waits for. */
const jobWithoutLibrary = (provider) => {
  const tracer = provider.getTracer('delivery');
  return () => {
    tracer.startSpan('job').end();
    provider.forceFlush().catch(() => {});
  };
};
const jobWithLibrary = () => traceTask(() => {}, { name: 'job', flush: 'background' });

/**
 * First each as it comes: the same queue, batch and delay. Then with exports that overlap, and beside it the SDK's with as
 * much memory: where flushes overlap its exports, it has that by default; where nobody flushes, by a longer queue.
 */
export const CONTESTANTS = [
  {
    name: 'BatchSpanProcessor',
    processor: (exporter) => new BatchSpanProcessor({ exporter }),
    job: jobWithoutLibrary,
  },
  {
    name: 'SerialBatchSpanProcessor',
    concurrency: 1,
    processor: (exporter) => new SerialBatchSpanProcessor(exporter),
    job: jobWithLibrary,
  },
  {
    name: `BatchSpanProcessor, maxQueueSize: ${QUEUE + 29 * BATCH}`,
    isFor: ({ flushes }) => flushes === 0,
    processor: (exporter) => new BatchSpanProcessor({ exporter, maxQueueSize: QUEUE + 29 * BATCH }),
    job: jobWithoutLibrary,
  },
  {
    name: 'SerialBatchSpanProcessor, maxConcurrentExports: 30',
    concurrency: 30,
    processor: (exporter) => new SerialBatchSpanProcessor(exporter, { maxConcurrentExports: 30 }),
    job: jobWithLibrary,
  },
];

/**
 * @param load `rate` in spans a second, `flushes` a second, `roundTripMs`, `seconds`
 * @returns what became of the spans, and how well the rate was kept
 */
export async function runLoad({ processor, job }, { rate, flushes, roundTripMs, seconds }) {
  const receiver = await startReceiver(roundTripMs);
  const exporter = new OTLPTraceExporter({ url: receiver.url });
  const exports = countExports(exporter);
  const provider = new TracerProvider({ spanProcessors: [processor(exporter)] });
  trace.disable();
  trace.setGlobalTracerProvider(provider);

  const tracer = provider.getTracer('delivery');
  const endJob = job(provider);
  const jobEvery = rate / flushes;
  const ended = rate * seconds;
  const endOne = (n) => (n % jobEvery === 0 ? endJob() : tracer.startSpan('work').end());
  const took = await offer(ended, rate, endOne);

  // What a service does at its end. A failed flush keeps the SDK from waiting for what is in flight: that has not to count.
  await provider.shutdown().catch(() => {});
  while (exports.inFlight > 0) await sleep(10);
  const { arrived, duplicates } = await receiver.count();
  return {
    ended,
    arrived,
    duplicates,
    lost: (ended - arrived) / ended,
    mostInFlight: exports.mostInFlight,
    rateKept: seconds / took,
  };
}

/**
 * An open loop: spans end by the clock, whatever the exporter does, in small bursts a few milliseconds apart. After a
 * delay of the process it catches up with the clock, not more than 10 ms' worth in one turn of the event loop: as requests
 * that wait in sockets come in.
 *
 * @returns the seconds it took
 */
async function offer(count, rate, endOne) {
  const start = performance.now();
  const secondsSoFar = () => (performance.now() - start) / 1000;
  for (let n = 0; n < count;) {
    const due = Math.min(count, Math.floor(secondsSoFar() * rate));
    const end = Math.min(due, n + rate / 100);
    while (n < end) endOne(++n);
    await (n < due ? nextTurn() : sleep(2));
  }
  return secondsSoFar();
}

/**
 * The share that the formula in docs/delivery.md says is lost. Each of the exports that may overlap begins anew after every
 * round trip; what is in flight or queued at the end arrives too.
 */
export function lostByFormula({ rate, roundTripMs, seconds }, concurrency) {
  const exports = concurrency * Math.ceil((seconds * 1000) / roundTripMs);
  return Math.max(0, 1 - (exports * BATCH + QUEUE) / (rate * seconds));
}
