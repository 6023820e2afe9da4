// Minutes of random work against a receiver that misbehaves in turn, then the accounts: everything that was started has
// ended, and has arrived or is counted as lost; nothing arrived twice; the heap is flat. `npm run soak -- <seconds> <exports at once>`.
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { flush, liveSpans, startSpan, traceTask } from '../dist/index.js';
import { SerialBatchSpanProcessor, startTracing } from '../dist/sdk/index.js';
import { OtlpReceiver } from '../test/otlp-receiver.ts';

const MOODS = {
  accepts: () => 'accept',
  'is slow': async () => {
    await sleep(200);
    return 'accept';
  },
  'asks to retry': () => (Math.random() < 0.5 ? 'accept' : { status: 429, retryAfter: 1 }),
  'is unavailable': () => ({ status: 503 }),
  'closes connections': () => (Math.random() < 0.5 ? 'accept' : 'drop'),
  hangs: () => 'hang',
  refuses: () => ({ status: 400 }),
};

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** The receiver has a thread, and so a heap, of its own. */
async function receive() {
  const receiver = await OtlpReceiver.start();
  parentPort.on('message', async (mood) => {
    if (mood !== undefined) return void (receiver.answer = MOODS[mood]);
    parentPort.postMessage({ arrived: receiver.spans.length, duplicates: receiver.duplicates });
    await receiver.close();
    parentPort.close();
  });
  parentPort.postMessage(receiver.url);
}

async function soak(seconds, maxConcurrentExports) {
  const receiver = new Worker(new URL(import.meta.url));
  const heard = () => new Promise((resolve) => receiver.once('message', resolve));
  const url = await heard();

  const spans = { started: 0, ended: 0 };
  const counter = {
    onStart: () => void spans.started++,
    onEnd: () => void spans.ended++,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: 2000 });
  const processor = new SerialBatchSpanProcessor(sometimesSilent(exporter), {
    maxQueueSize: 4096,
    maxConcurrentExports,
    exportTimeoutMillis: 4000,
  });
  const provider = new TracerProvider({ spanProcessors: [counter, processor] });
  const lease = await startTracing(() => provider);

  const end = Date.now() + seconds * 1000;
  const samples = [];
  let nextSample = 0;
  let mood = -1;
  let work = 0;
  for (let now = Date.now(); now < end; now = Date.now()) {
    if (now >= nextSample) {
      // Every mood for some seconds, the good one between any two.
      const names = Object.keys(MOODS);
      mood++;
      receiver.postMessage(mood % 2 === 0 ? 'accepts' : names[((mood - 1) / 2) % names.length]);
      nextSample = now + Math.min(4000, (seconds * 1000) / 20);
      globalThis.gc?.();
      samples.push(Math.round(process.memoryUsage().heapUsed / 1e5) / 10);
    }
    for (let i = 0; i < 20; i++, work++) WORK[Math.floor(Math.random() * WORK.length)](work);
    if (work % 1000 === 0) void flush({ timeoutMs: Math.random() * 100 });
    await sleep(10);
  }
  receiver.postMessage('accepts');
  await flush({ timeoutMs: 30_000 });
  startSpan('still live');
  await lease.release({ timeoutMs: 30_000 });
  const answered = heard();
  receiver.postMessage(undefined);

  const { arrived, duplicates } = await answered;
  const { exported, failed, unknown, dropped, passes } = processor.stats();
  const figures = {
    seconds,
    maxConcurrentExports,
    ...spans,
    arrived,
    duplicates,
    exported,
    failed,
    unknown,
    dropped,
    passes,
  };
  console.table([figures]);
  console.log(`heap in MB: ${samples.join(' ')}`);
  const half = samples.length >> 1;
  // Medians: what is in flight at a sample differs with the receiver's mood.
  const growth = median(samples.slice(half)) - median(samples.slice(1, half));
  const holds = {
    'started = ended': spans.started === spans.ended,
    'ended = exported + failed + unknown + dropped': spans.ended === exported + failed + unknown + dropped,
    'arrived = exported': arrived === exported,
    'no duplicates': duplicates === 0,
    'nothing is live': liveSpans().length === 0,
    'the heap is flat (2 MB)': growth < 2,
  };
  console.table(holds);
  process.exitCode = Object.values(holds).every(Boolean) ? 0 : 1;
}

/** One export in a hundred is neither sent nor answered: what happened to it is unknown. */
function sometimesSilent(exporter) {
  return {
    export: (spans, answer) => void (Math.random() < 0.01 || exporter.export(spans, answer)),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

const random = (limit) => Math.floor(Math.random() * limit);
const survive = (promise) => void promise.catch(() => {});
const slowly = traceTask(async (ms, _signal) => sleep(ms), { name: 'slow', timeoutMs: 50 });

/** Every way in which work ends. */
const WORK = [
  () => survive(slowly(random(30))),
  () => survive(slowly(random(100))),
  () => survive(slowly(1000, AbortSignal.timeout(random(20)))),
  () => survive(slowly(random(10), AbortSignal.abort())),
  () => survive(traceTask(async () => Promise.reject(new Error('fails')), 'fails')()),
  () => survive(traceTask(() => new Promise(() => {}), { name: 'never settles', timeoutMs: 100 })()),
  () => traceTask((n) => n, 'returns')(1),
  () => {
    try {
      traceTask(() => JSON.parse('{'), 'throws')();
    } catch {}
  },
  () => {
    using span = startSpan('scope');
    span.run(() => survive(slowly(random(5))));
  },
];

await (isMainThread ? soak(Number(process.argv[2] ?? 300), Number(process.argv[3] ?? 1)) : receive());
