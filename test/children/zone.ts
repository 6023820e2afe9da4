// Runs alone, with zone.js loaded before or after the library (the first argument): prints the rows, and what was told as
// unhandled, untraced and traced.

import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

const zone = 'zone.js/node';
if (process.argv[2] === 'before') await import(zone);
const { liveSpans, traceTask } = await import('../../src/index.ts');
const { record, turn } = await import('../harness.ts');
if (process.argv[2] === 'after') await import(zone);

context.setGlobalContextManager(new AsyncLocalStorageContextManager());

const failure = () => new RangeError('failed');
const makers: Record<string, () => Promise<unknown>> = {
  'async function': async () => 1,
  'async function, failed': async () => {
    throw failure();
  },
  'zone promise': () => Promise.resolve(1),
  'zone promise, failed': () => Promise.reject(failure()),
  'zone promise, later': () => new Promise((resolve) => setImmediate(resolve)),
};

async function run(wrap: <F extends () => Promise<unknown>>(name: string, fn: F) => F): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const hear = (reason: unknown) => void unhandled.push(String(reason));
  process.on('unhandledRejection', hear);
  for (const [name, make] of Object.entries(makers)) {
    const kept = wrap(`${name}, awaited`, make);
    await kept().catch(() => {});
    // Not by `await`: zone.js reports a rejected promise of its own before that has listened.
    await kept().then(undefined, () => {});
    wrap(`${name}, left alone`, make)();
    await turn();
    await turn();
  }
  process.off('unhandledRejection', hear);
  return unhandled;
}

const alone = await run((_name, fn) => fn);
const { rows } = record();
const traced = await run((name, fn) => traceTask(fn, { name, flush: 'never' }) as typeof fn);
const failed = rows().filter(({ status }) => status !== undefined);
process.stdout.write(
  JSON.stringify({
    alone,
    traced,
    live: liveSpans().length,
    ended: rows().length,
    failed: failed.map(({ name, status }) => `${name}: ${status}`),
  }),
);
