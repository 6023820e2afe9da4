import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, test, vi } from 'vitest';
import { configure, createTracing, Traced, withSpan } from '../src/index.ts';
import { WaterfallSpanExporter } from '../src/console/index.ts';
import { acquireTracerProvider } from '../src/sdk/index.ts';
import { recordSpans } from '../src/testing/index.ts';
import { deferred, MemoryExporter, record, rowOf } from './harness.ts';

// What instances share, and what they do not.

describe('a member that decorators of two instances wrap', () => {
  test('has a span of each, on the method and on its class', () => {
    const { rows } = record();
    const other = createTracing({ attributes: { by: 'other' } });
    @other.Traced()
    @Traced()
    class Orders {
      @Traced()
      @other.Traced()
      place() {}
    }
    new Orders().place();
    expect(rows()).toEqual([
      { name: 'Orders.place', parent: 'Orders.place', attributes: { by: 'other' } },
      { name: 'Orders.place' },
    ]);
  });

  test('is left out by both where one says @Untraced()', () => {
    const { rows } = record();
    const other = createTracing();
    class Orders {
      @other.Untraced()
      isHealthy() {}
    }
    Traced()(Orders);
    other.Traced()(Orders);
    new Orders().isHealthy();
    expect(rows()).toEqual([]);
  });
});

describe('an instance with a provider of its own', () => {
  const build = () => {
    const exporter = new MemoryExporter();
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    return { provider, rows: () => exporter.spans.map((span) => rowOf(span, exporter.spans)) };
  };

  test('traces with that one, flushes it, and is ended by its shutdown alone', async () => {
    const registered = record();
    const own = build();
    const { flush, liveSpans, startSpan, traceTask } = createTracing({ tracerProvider: own.provider });
    const flushes = vi.spyOn(own.provider, 'forceFlush');
    const others = vi.spyOn(registered.provider, 'forceFlush');
    expect(withSpan('registered', () => traceTask(() => 7, { name: 'own', flush: 'never' })())).toBe(7);
    expect([registered.rows(), own.rows()]).toEqual([
      [{ name: 'registered' }],
      [{ name: 'own', parent: 'elsewhere' }],
    ]);
    expect(await flush()).toEqual({ status: 'flushed' });
    expect([flushes.mock.calls.length, others.mock.calls.length]).toEqual([1, 0]);
    startSpan('live');
    await (await acquireTracerProvider(() => registered.provider, { key: 'registered' })).release();
    expect(liveSpans()).toHaveLength(1);
    await (await acquireTracerProvider(() => own.provider, { key: 'own' })).release();
    expect(liveSpans()).toEqual([]);
    expect(own.rows().map(({ name, status }) => [name, status])).toEqual([
      ['own', undefined],
      ['live', 'ERROR still live at the shutdown'],
    ]);
  });

  test('needs none to be registered, and can get one later', () => {
    const own = build();
    const tracing = createTracing();
    tracing.withSpan('before', () => {});
    tracing.configure({ tracerProvider: own.provider });
    tracing.withSpan('after', () => {});
    expect(own.rows()).toEqual([{ name: 'after' }]);
  });

  test('refuses what is none', () => {
    expect(() => createTracing({ tracerProvider: {} as never })).toThrow(
      new TypeError("createTracing(): option 'tracerProvider' is an object; give a tracer provider"),
    );
  });
});

test('a call ends by the settings that it has begun with', async () => {
  const { rows } = record();
  const { promise, reject } = deferred();
  const running = withSpan('running', () => promise);
  configure({ attributeNames: { error: 'failed' }, ignoreErrors: RangeError });
  reject(new RangeError('no'));
  await expect(running).rejects.toThrow('no');
  await expect(withSpan('later', () => promise)).rejects.toThrow('no');
  configure({ attributeNames: { error: 'error' }, ignoreErrors: [] });
  expect(rows()).toEqual([
    {
      name: 'running',
      status: 'ERROR no',
      attributes: { error: true, 'error.type': 'RangeError' },
      exceptions: ['RangeError: no'],
    },
    { name: 'later', attributes: { 'oncespan.outcome': 'ignored' } },
  ]);
});

test('renamed attributes are followed by what shows spans', async () => {
  configure({ attributeNames: { error: 'failed', outcome: 'app.outcome' } });
  using spans = recordSpans();
  const signal = AbortSignal.abort();
  const drawn: string[] = [];
  const exporter = new WaterfallSpanExporter({ stream: { write: (text) => void drawn.push(text) } });
  withSpan({ name: 'renamed', signal }, () => {});
  createTracing().withSpan({ name: 'as it is', signal }, () => {});
  const isolated = createTracing({ attributeNames: { error: 'lib.failed', outcome: 'lib.outcome' } });
  isolated.withSpan({ name: 'of an instance', signal }, () => {});
  for (const ending of [{ name: 'renamed' }, { name: 'as it is' }, { name: 'of an instance' }])
    expect(spans.tree()).toContain(`${ending.name} ⊘ aborted ✗ AbortError: This operation was aborted\n`);
  const { provider, spans: ended } = record();
  withSpan({ name: 'drawn', signal }, () => {});
  await new Promise((resolve) => exporter.export(ended() as never, resolve));
  configure({ attributeNames: { error: 'error', outcome: 'oncespan.outcome' } });
  expect(drawn.join('')).toContain('⊘ aborted');
  await provider.shutdown();
});

test('an instance for each request leaves nothing behind, though no garbage is collected', () => {
  const { rows } = record();
  for (let i = 0; i < 100; i++) createTracing().withSpan('request', () => {});
  const held = (globalThis as Record<symbol, unknown>)[Symbol.for('oncespan.live-spans')] as Set<unknown>;
  // One that has become empty is held until a collection, most often to be used again: but not more than a few.
  expect(held.size).toBeLessThanOrEqual(17);
  expect(rows()).toHaveLength(100);
});
