import { getEventListeners } from 'node:events';
import { runInNewContext } from 'node:vm';
import { trace } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test, vi } from 'vitest';
import { flush, traceTask } from '../../src/index.ts';
import { deferred, reported } from '../harness.ts';
import { OK, registered, serial, turn } from './held-exporter.ts';

// `flush()` of the core, through the `forceFlush()` of a real provider, to this processor.

const failure = new Error('collector is down');

test('flush() answers once the exporter has accepted everything that ended before, in flight or queued', async () => {
  const { exporter, end } = registered({ maxExportBatchSize: 2 });
  end('a', 'b');
  await turn();
  end('c');
  let answer: unknown;
  void flush().then((result) => (answer = result));
  end('later');
  for (const batch of [0, 1]) {
    await turn();
    expect([exporter.exports.length, answer]).toEqual([batch + 1, undefined]);
    exporter.exports[batch]?.answer(OK);
  }
  await turn();
  expect(answer).toEqual({ status: 'flushed' });
  expect(exporter.batches).toEqual([
    ['a', 'b'],
    ['c', 'later'],
  ]);
});

test('flush() says failed when a batch that it covers was not accepted', async () => {
  const { exporter, end } = registered({ maxExportBatchSize: 1 });
  end('a');
  await turn();
  const answer = flush();
  exporter.exports[0]?.answer({ code: 1, error: failure });
  expect(await answer).toEqual({ status: 'failed', error: failure });
  expect(await flush()).toEqual({ status: 'flushed' });
  // Without what the SDK's own error handler says.
  const said = reported.map(([what]) => what as string).filter((what) => what.startsWith('oncespan'));
  expect(said).toEqual(['oncespan: an export of 1 spans failed', 'oncespan: a flush failed']);
});

test('flush() tells of the last eight failures that nobody has heard of', async () => {
  const provider = new TracerProvider();
  trace.setGlobalTracerProvider(provider);
  const failures = Array.from({ length: 10 }, (_, i) => new Error(`pass ${i}`));
  const forceFlush = vi.spyOn(provider, 'forceFlush');
  for (const each of failures) {
    forceFlush.mockRejectedValueOnce(each);
    traceTask(() => {})();
    await turn();
  }
  expect(await flush()).toEqual({
    status: 'failed',
    error: new AggregateError(failures.slice(2), '8 failures'),
  });
});

test.each([
  ['of another realm', runInNewContext('new Error("no route")') as unknown, 'no route'],
  ['that is no error', 'no route', "'no route'"],
])('flush() gives an Error for a failure %s', async (_what, cause, message) => {
  const provider = new TracerProvider();
  trace.setGlobalTracerProvider(provider);
  vi.spyOn(provider, 'forceFlush').mockRejectedValue(cause);
  const result = await flush();
  expect(result).toEqual({ status: 'failed', error: new Error(message, { cause }) });
  expect((result as { error: unknown }).error).toBeInstanceOf(Error);
});

test('flush() tells of a failure in the words of the provider', async () => {
  const { exporter, provider, end } = serial();
  const inItsWords = new Error('no telemetry', { cause: failure });
  trace.setGlobalTracerProvider({
    getTracer: (...scope) => provider.getTracer(...scope),
    forceFlush: () => provider.forceFlush().catch(() => Promise.reject(inItsWords)),
  } as TracerProvider);
  end('a');
  const answer = flush();
  await turn();
  exporter.exports[0]?.answer({ code: 1, error: failure });
  expect(await answer).toEqual({ status: 'failed', error: inItsWords });
});

test('1,000 flushes that time out or are aborted leave nothing behind; after the release every span arrives once', async () => {
  const { exporter, processor, end } = registered({ maxExportBatchSize: 1 });
  end('held');
  await turn();
  const controller = new AbortController();
  const { signal } = controller;
  const left = () => ({ timers: vi.getTimerCount(), listeners: getEventListeners(signal, 'abort').length });
  let before = left();
  const names = Array.from({ length: 1000 }, (_, i) => `span ${i}`);
  for (const name of names) {
    end(name);
    const timedOut = flush({ timeoutMs: 10, signal });
    const direct = processor.forceFlush({ timeoutMs: 10, signal }).catch((error: Error) => error.name);
    vi.advanceTimersByTime(10);
    expect([await timedOut, await direct]).toEqual([{ status: 'timed-out' }, 'TimeoutError']);
    // The first one has started a pass, which goes on.
    if (name === 'span 0') before = left();
    expect(left()).toEqual(before);
  }
  const aborted = [flush({ signal }), processor.forceFlush({ signal }).catch((error: unknown) => error)];
  controller.abort(failure);
  expect(await Promise.all(aborted)).toEqual([{ status: 'aborted', reason: failure }, failure]);
  expect(left()).toEqual(before);
  const flushed = flush();
  for (let i = 0; i <= names.length; i++) {
    exporter.exports[i]?.answer(OK);
    await turn();
  }
  expect(await flushed).toEqual({ status: 'flushed' });
  expect(exporter.batches.flat()).toEqual(['held', ...names]);
});

test('10,000 tasks that flush at once: every span is given once, exports never overlap, three passes at most', async () => {
  const { exporter, processor } = registered({ maxQueueSize: 10_000 });
  let running = 0;
  let most = 0;
  const given: string[] = [];
  exporter.export = (spans, answer) => {
    most = Math.max(most, ++running);
    given.push(...spans.map(({ name }) => name));
    setImmediate(() => {
      running--;
      answer(OK);
    });
  };
  const gate = deferred();
  const names = Array.from({ length: 10_000 }, (_, i) => `task ${i}`);
  const tasks = names.map((name) => traceTask(() => gate.promise, { name, flush: 'await' })());
  gate.resolve();
  await Promise.all(tasks);
  expect(given).toEqual(names);
  expect(most).toBe(1);
  expect(processor.stats()).toMatchObject({ exported: 10_000, dropped: 0 });
  expect(processor.stats().passes).toBeLessThanOrEqual(3);
});

test('flush() takes as long as it may while exports go on, however long the SDK itself would wait', async () => {
  const { exporter, end } = registered({ maxExportBatchSize: 1 });
  end('a', 'b', 'c');
  const answer = flush({ timeoutMs: 90_000 });
  for (const batch of [0, 1, 2]) {
    await turn();
    vi.advanceTimersByTime(25_000);
    exporter.exports[batch]?.answer(OK);
  }
  expect(await answer).toEqual({ status: 'flushed' });
  expect(reported).toEqual([]);
});

test('flush() tells what a processor failed with once, though it stopped waiting for another', async () => {
  const refusing = serial();
  const hanging = serial();
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [refusing.processor, hanging.processor] }),
  );
  trace.getTracer('test').startSpan('a').end();
  refusing.exporter.export = (_spans, answer) => answer({ code: 1, error: failure });
  const left = flush({ timeoutMs: 10 });
  await turn();
  vi.advanceTimersByTime(10);
  expect(await left).toEqual({ status: 'timed-out' });
  const next = flush();
  await turn();
  hanging.exporter.exports[0]?.answer(OK);
  expect(await next).toEqual({ status: 'failed', error: failure });
});

test('flush() says how many spans were dropped, in one error, however many processors fail', async () => {
  const first = serial({ maxQueueSize: 1 });
  const second = serial();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [first.processor, second.processor] }));
  for (const exporter of [first.exporter, second.exporter]) {
    exporter.export = (_spans, answer) => setImmediate(() => answer({ code: 1, error: failure }));
  }
  const tracer = trace.getTracer('test');
  for (const name of ['a', 'b', 'c']) tracer.startSpan(name).end();
  const { error } = (await flush()) as { error: AggregateError };
  expect(error).toBeInstanceOf(AggregateError);
  const of = (failed: unknown): unknown =>
    failed instanceof AggregateError ? failed.errors.flatMap(of) : [(failed as Error).message];
  expect((of(error) as string[]).toSorted()).toEqual([
    '1 spans were dropped: the queue was full',
    'collector is down',
    'collector is down',
    'collector is down',
  ]);
});
