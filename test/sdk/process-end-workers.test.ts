import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleLibrary } from './bundle.ts';
import { type ChildOptions, runChild } from './run-child.ts';

// What reaches a collector from worker threads, which get no signals, over real OTLP/HTTP.

let bundle: Awaited<ReturnType<typeof bundleLibrary>>;
beforeAll(async () => {
  bundle = await bundleLibrary();
});
afterAll(() => bundle.remove());

const SHUTDOWN = { error: true, 'oncespan.outcome': 'shutdown', 'error.type': 'shutdown' };

test.each<[string, ChildOptions, number | string]>([
  ['ends by itself', {}, 0],
  ['releases its lease', {}, 0],
  ['is asked to end', { on: { ready: (child) => child.kill('SIGTERM') } }, 'SIGTERM'],
])('the spans of a worker that %s arrive, and those of the main thread', async (how, options, end) => {
  const { code, signal, stderr, spans } = await runChild(bundle, 'worker-child.ts', [how], options);
  expect([code ?? signal, stderr]).toEqual([end, '']);
  expect(spans.map(({ name, attributes }) => [name, attributes])).toEqual([
    ['ended in the worker', {}],
    ['never ended in the worker', SHUTDOWN],
    ['ended in the main thread', {}],
  ]);
});
