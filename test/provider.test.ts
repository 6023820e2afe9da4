import { readFileSync } from 'node:fs';
import {
  AlwaysOffSampler,
  TracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace';
import { context, ProxyTracerProvider, trace } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import { createTracing, liveSpans, startSpan, traceTask, withSpan } from '../src/index.ts';
import { MemoryExporter, record, reported } from './harness.ts';

const names = (spans: ReadableSpan[]) => spans.map((span) => span.name);

test('with no provider the function is called directly, and gets a span that records nothing', async () => {
  const fn = vi.fn(function (this: unknown, ...args: unknown[]) {
    return [this, args];
  });
  const self = {};
  const promise = Promise.resolve();
  expect(traceTask(fn).call(self, 1, 2)).toEqual([self, [1, 2]]);
  expect(traceTask(() => promise)()).toBe(promise);
  expect(withSpan('w', (span) => span.isRecording())).toBe(false);
  const manual = startSpan('m');
  expect([manual.run(() => 7), manual.span.isRecording()]).toEqual([7, false]);
  manual.fail(new Error('nobody hears'));
  manual.end();
  expect(liveSpans()).toEqual([]);
  expect(reported).toEqual([]);
});

test('a provider that is registered, replaced or removed after wrapping is followed', () => {
  const task = traceTask(() => 7, { name: 'task', flush: 'never' });
  task();
  const first = record();
  task();
  const second = record();
  task();
  task();
  trace.disable();
  task();
  expect([names(first.spans()), names(second.spans())]).toEqual([['task'], ['task', 'task']]);
});

test('a provider without the proxy’s getDelegate is used as it is', () => {
  const exporter = new MemoryExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const getDelegate = vi.spyOn(ProxyTracerProvider.prototype, 'getDelegate');
  getDelegate.mockImplementation(undefined as never);
  vi.spyOn(trace, 'getTracerProvider').mockReturnValue(provider);
  withSpan('work', () => 7);
  vi.restoreAllMocks();
  expect(names(exporter.spans)).toEqual(['work']);
});

test('the tracer is looked up once a provider, under the name that was configured', () => {
  const { provider, spans } = record();
  const getTracer = vi.spyOn(provider, 'getTracer');
  const { configure, withSpan: span } = createTracing({ tracerName: 'billing', tracerVersion: '2.1.0' });
  span('a', () => 7);
  span('b', () => 7);
  configure({ tracerVersion: '2.2.0' });
  span('c', () => 7);
  expect(getTracer.mock.calls).toEqual([
    ['billing', '2.1.0'],
    ['billing', '2.2.0'],
  ]);
  expect(spans().map(({ instrumentationScope: { name, version } }) => `${name} ${version}`)).toEqual([
    'billing 2.1.0',
    'billing 2.1.0',
    'billing 2.2.0',
  ]);
});

test('the scope is this package in its version, and has none of ours under another name', () => {
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, string>;
  const { spans } = record();
  withSpan('a', () => 7);
  createTracing({ tracerName: 'billing' }).withSpan('b', () => 7);
  expect(spans().map(({ instrumentationScope }) => instrumentationScope)).toMatchObject([
    { name, version },
    { name: 'billing', version: undefined },
  ]);
});

test('a span that is not sampled costs a call, not a watch: the promise itself comes back', async () => {
  record({ sampler: new AlwaysOffSampler() });
  const promise = Promise.resolve(7);
  const controller = new AbortController();
  const active = vi.fn();
  const task = traceTask(
    (_signal: AbortSignal) => {
      active(trace.getActiveSpan()?.isRecording());
      return promise;
    },
    { flush: 'never' },
  );
  expect(task(controller.signal)).toBe(promise);
  expect(liveSpans()).toEqual([]);
  expect(active).toHaveBeenCalledWith(false);
  expect(() =>
    withSpan('throws', () => {
      throw new Error('through');
    }),
  ).toThrow('through');
  await startSpan({ name: 'manual', signal: controller.signal })[Symbol.asyncDispose]();
});

test('without a context manager spans do not nest; that is said once, with the repair', async () => {
  context.disable();
  const { rows } = record();
  // A fresh copy: another test may have found the context manager in order already.
  vi.resetModules();
  const fresh = await import('../src/index.ts');
  fresh.withSpan('outer', () => fresh.withSpan('inner', () => 7));
  fresh.withSpan('again', () => 7);
  expect(rows()).toEqual([{ name: 'inner' }, { name: 'outer' }, { name: 'again' }]);
  expect(reported).toEqual([
    [
      'oncespan: spans will not nest: no context manager is registered; call startTracing(), or context.setGlobalContextManager()',
    ],
  ]);
});
