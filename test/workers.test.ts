import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred, turn } from './harness.ts';
import { OtlpReceiver, type ReceivedSpan, type ReceiverAnswer } from './otlp-receiver.ts';
import type { Env } from './workers/worker.ts';

// Cloudflare's own runtime: there an export that one request has begun is never answered when that request is over.

const REQUESTS = 100;

let receiver: OtlpReceiver;
let host: Miniflare | undefined;

beforeEach(async () => {
  vi.useRealTimers();
  receiver = await OtlpReceiver.start();
});

afterEach(async () => {
  await host?.dispose();
  await receiver.close();
});

const path = (from: string) => fileURLToPath(new URL(from, import.meta.url));

/** Bundles as wrangler does, and runs it. @returns its address */
async function serve(entry: string, bindings: Record<string, string>): Promise<URL> {
  const { outputFiles, warnings } = await build({
    entryPoints: [path(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:*'],
    alias: {
      oncespan: path('../src/index.ts'),
      'oncespan/sdk': path('../src/sdk/index.workerd.ts'),
      ...(process.env['SDK'] && { '@opentelemetry/sdk-trace': process.env['SDK'] }),
    },
  });
  expect(warnings).toEqual([]);
  host = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0]!.text }],
    compatibilityDate: '2026-01-01',
    compatibilityFlags: ['nodejs_compat'],
    bindings: { COLLECTOR_URL: receiver.url, ...bindings },
  });
  return host.ready;
}

/**
 * Has the collector answer nobody before it has been sent so many spans: until then all requests and exports overlap.
 *
 * @returns when these have been accepted
 */
async function acceptOnceThereAre(count: number): Promise<void> {
  const { promise, resolve } = deferred();
  let sent = 0;
  receiver.answer = async (spans): Promise<ReceiverAnswer> => {
    sent += spans.length;
    if (sent >= count) resolve();
    await promise;
    return 'accept';
  };
  await promise;
  await turn();
}

const names = Array.from({ length: REQUESTS }, (_, i) => `/orders/${i}`);

async function ask(url: URL): Promise<string[]> {
  const answers = names.map((name) => fetch(new URL(name, url), { method: 'POST', body: name }));
  return Promise.all(answers.map(async (answer) => (await answer).text()));
}

/** The names of the spans of each trace, sorted. */
function traces(spans: readonly ReceivedSpan[]): string[] {
  const byTrace = new Map<string, string[]>();
  for (const { traceId, name } of spans) byTrace.set(traceId, [...(byTrace.get(traceId) ?? []), name]);
  return Array.from(byTrace.values(), (together) => together.toSorted().join(', ')).toSorted();
}

const processors: Env['PROCESSOR'][] = ['ours', 'batch', 'simple'];
const ways: Env['HOW'][] = ['waitUntil', 'await'];

test.each(processors.flatMap((processor) => ways.map((how) => [processor, how])))(
  'all spans of 100 overlapping requests arrive once: processor %s, %s',
  async (PROCESSOR, HOW) => {
    const url = await serve('workers/worker.ts', { PROCESSOR, HOW });
    const arrived = acceptOnceThereAre(2 * REQUESTS);
    expect(await ask(url)).toEqual(names);
    await arrived;
    expect(traces(receiver.spans)).toEqual(names.map((name) => `${name}, body of ${name}`).toSorted());
  },
);

test('a stream that the runtime reads by itself leaves no span open', async () => {
  const url = await serve('workers/worker.ts', { PROCESSOR: 'ours', HOW: 'waitUntil', BODY: 'stream' });
  const arrived = acceptOnceThereAre(3 * REQUESTS);
  expect(await ask(url)).toEqual(names);
  await arrived;
  const spansOf = (name: string) => [name, `response of ${name}`, `stream of ${name}`].join(', ');
  expect(traces(receiver.spans)).toEqual(names.map(spansOf).toSorted());
});

test('examples/jobs/workers.ts', async () => {
  const url = await serve('../examples/jobs/workers.ts', {});
  const arrived = acceptOnceThereAre(2 * REQUESTS);
  expect(await ask(url)).toEqual(names.map((name) => `accepted ${name}`));
  await arrived;
  expect(traces(receiver.spans)).toEqual(names.map((name) => `POST ${name}, read the order`).toSorted());
});
