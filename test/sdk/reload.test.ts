import { Agent } from 'node:http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import * as here from '../../src/index.ts';
import * as sdkHere from '../../src/sdk/index.ts';
import { reported } from '../harness.ts';
import { OtlpReceiver } from '../otlp-receiver.ts';
import { bundleLibrary, type Library } from './bundle.ts';
import { turn } from './held-exporter.ts';

let bundle: Awaited<ReturnType<typeof bundleLibrary>>;
beforeAll(async () => {
  bundle = await bundleLibrary();
});
afterAll(() => bundle.remove());

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});
afterEach(() => receiver.close());

// An exporter does not close its agent when it is shut down: of one each, every build would leave a socket.
const agent = new Agent({ keepAlive: true });
afterEach(() => agent.destroy());

const evaluate = (version: number) =>
  import(/* @vite-ignore */ `${bundle.url}?v=${version}`) as Promise<Library>;

const events = ['SIGTERM', 'SIGINT', 'beforeExit'];
const inUse = () => ({
  timers: vi.getTimerCount(),
  sockets: receiver.sockets.size,
  listeners: events.map((event) => process.listenerCount(event)),
});

/** An application module: what it does when it is evaluated, by whichever copy of the library. */
function application({
  SerialBatchSpanProcessor,
  startTracing,
}: Pick<Library, 'SerialBatchSpanProcessor' | 'startTracing'>) {
  const build = vi.fn(() => {
    const exporter = new OTLPTraceExporter({ url: receiver.url, httpAgentOptions: () => agent });
    return new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(exporter)] });
  });
  return { build, start: () => startTracing(build) };
}

const RELOADS = 50;

test('50 reloads, the new module before the old one: one build, one socket, every span arrives', async () => {
  const { build, start } = application(sdkHere);
  const before = inUse();
  let lease = await start();
  here.withSpan('span 0', () => {});
  await here.flush();
  const running = inUse();
  for (let reload = 1; reload <= RELOADS; reload++) {
    const next = await start();
    here.withSpan(`span ${reload}`, () => {});
    await lease.release();
    await here.flush();
    lease = next;
    expect(inUse()).toEqual(running);
  }
  expect(build).toHaveBeenCalledTimes(1);
  await lease.release();
  await turn();
  expect(inUse()).toEqual({ ...before, sockets: receiver.sockets.size });
  expect(receiver.spans.map(({ name }) => name)).toEqual(Array.from({ length: 51 }, (_, i) => `span ${i}`));
});

test('50 reloads, the old module before the new one: nothing accumulates, every span arrives', async () => {
  const { build, start } = application(sdkHere);
  const before = inUse();
  for (let reload = 0; reload < RELOADS; reload++) {
    const lease = await start();
    here.withSpan(`span ${reload}`, () => {});
    await lease.release();
    expect({ ...inUse(), sockets: 0 }).toEqual(before);
  }
  expect(build).toHaveBeenCalledTimes(RELOADS);
  expect(receiver.sockets.size).toBeLessThanOrEqual(1);
  expect(receiver.spans.map(({ name }) => name)).toEqual(Array.from({ length: 50 }, (_, i) => `span ${i}`));
});

test('a library that is evaluated twice has one provider, one set of listeners, and ends the spans of both', async () => {
  const [one, two] = await Promise.all([evaluate(1), evaluate(2)]);
  expect(one.startTracing).not.toBe(two.startTracing);
  const before = inUse();
  const applications = [application(one), application(two)];
  const leases = await Promise.all(applications.map(({ start }) => start()));
  expect(applications.map(({ build }) => build.mock.calls.length)).toEqual([1, 0]);
  expect(inUse().listeners).toEqual(before.listeners.map((count) => count + 1));
  one.startSpan('live in one');
  two.withSpan('ended in two', () => {});
  await leases[0]!.release();
  two.startSpan('live in two');
  expect(receiver.names).toEqual([]);
  await leases[1]!.release();
  const arrived = receiver.spans.map(({ name, attributes }) => [name, attributes['oncespan.outcome']]);
  expect(arrived.toSorted()).toEqual([
    ['ended in two', undefined],
    ['live in one', 'shutdown'],
    ['live in two', 'shutdown'],
  ]);
  expect([...one.liveSpans(), ...two.liveSpans()]).toEqual([]);
  expect({ ...inUse(), sockets: 0 }).toEqual(before);
  expect(reported).toEqual([]);
});
