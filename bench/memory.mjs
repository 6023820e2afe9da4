// What a million quick calls leave behind: nothing. Run with `--expose-gc`.

import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { NoopSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { liveSpans, traceTask } from 'oncespan';

const CALLS = 1_000_000;
const BUDGET_MB = 2;

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function usedAfterCollection() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await turn();
  }
  return process.memoryUsage().heapUsed;
}

const sync = traceTask((id) => id, { name: 'sync' });
const promise = traceTask(async (id) => id, { name: 'promise' });
const signalled = traceTask(async (_signal, id) => id, { name: 'signalled' });
const generator = traceTask(
  function* (id) {
    yield id;
  },
  { name: 'generator' },
);
const thenable = traceTask((id) => ({ then: (ok) => ok(id) }), { name: 'thenable' });
const unread = traceTask(
  function* (id) {
    yield id;
  },
  { name: 'never read' },
);

const { signal } = new AbortController();
const cases = {
  'a value': (id) => sync(id),
  'a promise': (id) => promise(id),
  'a promise, one signal for all': (id) => signalled(signal, id),
  'a generator': (id) => void [...generator(id)],
  'a lazy thenable': async (id) => void (await thenable(id)),
};

/** A thousand at a time, and a turn of the event loop after each. */
async function call(work, calls) {
  for (let i = 0; i < calls; i += 1000) {
    await Promise.all(Array.from({ length: 1000 }, (_, k) => work(i + k)));
    await turn();
  }
}

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new NoopSpanProcessor()] }));

const timersLeft = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

const rows = [];
for (const [name, work] of Object.entries(cases)) {
  await call(work, 20_000);
  const before = await usedAfterCollection();
  await call(work, CALLS);
  const left = (await usedAfterCollection()) - before;
  const megabytes = left / 2 ** 20;
  rows.push({
    [`${CALLS} times`]: name,
    'MB left': megabytes.toFixed(2),
    'live spans': liveSpans().length,
    timers: timersLeft(),
    '': megabytes <= BUDGET_MB && liveSpans().length === 0 && timersLeft() === 0 ? 'ok' : 'OVER',
  });
}

// What nobody ends is ended by the collector: all of them, a few collections after they were dropped.
const before = await usedAfterCollection();
for (let i = 0; i < 20_000; i++) unread(i);
while (liveSpans().length > 0) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  globalThis.gc();
}
const left = ((await usedAfterCollection()) - before) / 2 ** 20;
rows.push({
  [`${CALLS} times`]: 'a generator that is dropped (20000)',
  'MB left': left.toFixed(2),
  'live spans': liveSpans().length,
  timers: timersLeft(),
  '': left <= BUDGET_MB ? 'ok' : 'OVER',
});

console.log(`Node ${process.version}`);
console.table(rows);
if (rows.some((row) => row[''] !== 'ok')) process.exitCode = 1;
