// What a traced call costs, in a process that uses the library in every way there is: `npm run bench`.
// Writes the table into docs/comparison.md. Words after `--` choose rows, and write nothing: `npm run bench -- 'sync method'`.

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  NoopSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { SerialBatchSpanProcessor } from 'oncespan/sdk';
import { compare } from './compare.mjs';
import { contest, kindNames } from './contestants.mjs';

const words = process.argv.slice(2);
const isAsked = (name) => words.length === 0 || words.some((word) => name.includes(word));

const CALLS = 4_000;
const on = new AlwaysOnSampler();
const off = new AlwaysOffSampler();
let sampler = on;

const provider = new TracerProvider({
  spanProcessors: [new NoopSpanProcessor()],
  sampler: {
    shouldSample: (...asked) => sampler.shouldSample(...asked),
    toString: () => 'switched',
  },
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);

const tracer = trace.getTracer('by hand');
const contests = new Map(kindNames.map((kind) => [kind, contest(kind, tracer)]));

/** A little of everything, by each contestant: nothing that is measured is the only thing that the process does. */
async function everything() {
  for (const contestants of contests.values())
    for (const round of Object.values(contestants)) await round(24);
}

const rows = [];
async function row(name, contestants, { budget = {}, calls = CALLS } = {}) {
  if (!isAsked(name)) return;
  const result = await compare({ contestants, calls, between: everything });
  rows.push({ name, budget, ...result });
}

const cheaper = { budget: { lean: 0.95 } };
const budgets = new Map([
  ['async method', { budget: { lean: 0.95, floor: 1.15 } }],
  ['sync method that returns an object', cheaper],
  ['sync method that throws', cheaper],
  ['task with a shared signal, one at a time', cheaper],
]);
for (const [kind, { bare: _bare, ...contestants }] of contests)
  await row(kind, contestants, budgets.get(kind));

// As in a server: each call comes with an event of its own. That turn of the loop is in all of the figures.
const eachInItsTurn = (round) => async (calls) => {
  for (let i = 0; i < calls; i++) {
    await round(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
};
const inTurns = Object.entries(contests.get('async method')).map(([name, round]) => [
  name,
  eachInItsTurn(round),
]);
await row('async method, one call a turn', Object.fromEntries(inTurns));

const AT_ONCE = 200;
const task = contests.get('task with a shared signal, one at a time');
const burst = (round) => async (calls) => {
  await Promise.all(Array.from({ length: AT_ONCE }, () => round(calls / AT_ONCE)));
};
await row(`task with a shared signal, ${AT_ONCE} at once`, {
  ours: burst(task.ours),
  lean: burst(task.lean),
});

sampler = off;
for (const kind of ['async method', 'sync method']) {
  const { ours, lean, floor } = contests.get(kind);
  await row(`${kind}, not sampled`, { ours, lean, floor }, { budget: { lean: 0.85 } });
}
sampler = on;

// The processor alone: spans that have ended, and an exporter that takes all at once.
const acceptAll = { export: (_spans, answer) => answer({ code: 0 }), shutdown: async () => {} };
const endedSpan = tracer.startSpan('ended');
endedSpan.end();
const processors = (round) => ({
  ours: round(new SerialBatchSpanProcessor(acceptAll)),
  stock: round(new BatchSpanProcessor({ exporter: acceptAll })),
});
const noDearer = { budget: { stock: 1 } };
/** `size` ended spans, and then `flushes` */
const batches = (size, flushes) => (processor) => async (calls) => {
  for (let i = 0; i < calls; i++) {
    for (let k = 0; k < size; k++) processor.onEnd(endedSpan);
    if (flushes) await processor.forceFlush();
  }
};
/** As many at a time as leave room in the queue: what is measured is the taking, not the dropping. */
const ends = (processor) => async (calls) => {
  let nanoseconds = 0n;
  for (let i = 0; i < calls; i += 500) {
    const start = process.hrtime.bigint();
    for (let k = 0; k < 500; k++) processor.onEnd(endedSpan);
    nanoseconds += process.hrtime.bigint() - start;
    await processor.forceFlush();
  }
  return Number(nanoseconds);
};
await row('`onEnd` of a processor', processors(ends), { ...noDearer, calls: 100_000 });
await row('511 spans ended and flushed', processors(batches(511, true)), { ...noDearer, calls: 200 });
await row('flush of nothing', processors(batches(0, true)), { ...noDearer, calls: 20_000 });

// Last, so that what is measured has seen an SDK: an application that runs without one starts no colder.
trace.disable();
const [without] = [contest('async method', trace.getTracer('by hand'), ['lean', 'bare'])];
const { ours } = contests.get('async method');
await row('async method, no SDK', { ours, ...without }, { budget: { lean: 0.25, bare: 1.5 } });

const ns = (time) => `${Math.round(time)} ns`;
const line = (cells) => `| ${cells.join(' | ')} |\n`;
const head = ['Case', 'ours', 'to', 'theirs', 'ratio', 'half of the rounds', 'budget'];
let table = line(head) + line(head.map(() => '---'));
for (const { name, times, ratios, budget } of rows) {
  for (const [other, { ratio, spread }] of Object.entries(ratios)) {
    const limit = budget[other];
    const verdict = limit === undefined ? '' : `${limit.toFixed(2)}${ratio <= limit ? '' : ', missed'}`;
    const range = spread.map((bound) => bound.toFixed(2)).join('–');
    table += line([name, ns(times.ours), other, ns(times[other]), ratio.toFixed(2), range, verdict]);
  }
}
const day = new Date().toISOString().slice(0, 10);
const told = `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} cores, ${day}\n\n${table}\n`;
console.log(told);
if (words.length === 0) {
  const path = fileURLToPath(new URL('../docs/comparison.md', import.meta.url));
  const page = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    page.replace(/(?<=<!-- bench -->\n)[\s\S]*(?=<!-- \/bench -->)/, () => `\n${told}`),
  );
}
