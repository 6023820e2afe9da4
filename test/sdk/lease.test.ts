import { constants } from 'node:os';
import { trace } from '@opentelemetry/api';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createTracing, liveSpans, startSpan, traceTask, withSpan } from '../../src/index.ts';
import {
  acquireTracerProvider,
  endLiveSpans,
  type ProviderLease,
  startTracing,
} from '../../src/sdk/index.ts';
import { collect, deferred, MemoryExporter, record, reported, rowOf } from '../harness.ts';
import { OK, serial, turn } from './held-exporter.ts';

const failure = new Error('no configuration');

/** A `build` that counts, and whose provider says what has been done to it. */
function builder() {
  const exporter = new MemoryExporter();
  const done: string[] = [];
  const build = vi.fn(() => {
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    const flush = vi.spyOn(provider, 'forceFlush');
    flush.mockImplementation(async () => void done.push('flush'));
    vi.spyOn(provider, 'shutdown').mockImplementation(async () => void done.push('shutdown'));
    return provider;
  });
  return { build, done, exporter, rows: () => exporter.spans.map((span) => rowOf(span, exporter.spans)) };
}

const leases: ProviderLease[] = [];
const kept = <P extends ProviderLease>(lease: P): P => {
  leases.push(lease);
  return lease;
};
afterEach(async () => {
  await Promise.all(leases.splice(0).map((lease) => lease.release()));
});

describe('a lease', () => {
  test('shares one build, however many acquire at once, and one provider until the last release', async () => {
    const { build, done } = builder();
    const gate = deferred();
    const slow = vi.fn(async () => {
      await gate.promise;
      return build();
    });
    const acquired = [acquireTracerProvider(slow), acquireTracerProvider(slow)];
    gate.resolve();
    const [a, b] = await Promise.all(acquired);
    const c = await acquireTracerProvider(slow);
    expect(slow).toHaveBeenCalledTimes(1);
    expect([b!.provider, c.provider]).toEqual([a!.provider, a!.provider]);
    await a!.release();
    await a!.release();
    await a![Symbol.asyncDispose]();
    await b!.release();
    expect(done).toEqual([]);
    await c.release();
    expect(done).toEqual(['flush', 'shutdown']);
    await Promise.all([a!.release(), b!.release(), c.release()]);
    expect(done).toEqual(['flush', 'shutdown']);
  });

  test('of another key is of another provider', async () => {
    const { build, done } = builder();
    const one = await acquireTracerProvider(build, { key: 'one' });
    const other = await acquireTracerProvider(build, { key: 'other' });
    expect(other.provider).not.toBe(one.provider);
    await one.release();
    expect(done).toEqual(['flush', 'shutdown']);
    await other.release();
  });

  test('is not given for a build that failed, which is tried again', async () => {
    const { build } = builder();
    const failing = vi.fn(async (): Promise<TracerProvider> => {
      throw failure;
    });
    const attempts = [acquireTracerProvider(failing), acquireTracerProvider(failing)];
    expect(await Promise.allSettled(attempts)).toMatchObject([{ reason: failure }, { reason: failure }]);
    expect(failing).toHaveBeenCalledTimes(1);
    const throwing = () => {
      throw failure;
    };
    await expect(acquireTracerProvider(throwing)).rejects.toBe(failure);
    kept(await acquireTracerProvider(build));
    expect(build).toHaveBeenCalledTimes(1);
  });

  test('that is asked for during the shutdown waits for its end, and is of a fresh provider', async () => {
    const { build } = builder();
    const first = await acquireTracerProvider(build);
    const shutdown = deferred();
    vi.spyOn(first.provider, 'shutdown').mockReturnValue(shutdown.promise);
    const released = first.release();
    const again = [acquireTracerProvider(build), acquireTracerProvider(build)];
    await turn();
    expect(build).toHaveBeenCalledTimes(1);
    shutdown.resolve();
    await released;
    const [a, b] = (await Promise.all(again)).map(kept);
    expect(build).toHaveBeenCalledTimes(2);
    expect(a!.provider).not.toBe(first.provider);
    expect(a!.provider).toBe(b!.provider);
  });

  test('is refused for what is not a provider, and for a wrong option', async () => {
    await expect(acquireTracerProvider(undefined as never)).rejects.toThrow(
      new TypeError(
        'acquireTracerProvider(): undefined is not a function; give one that builds the provider',
      ),
    );
    await expect(acquireTracerProvider(() => ({ start() {} }) as never)).rejects.toThrow(
      new TypeError(
        'acquireTracerProvider(): what was built has no getTracer() and shutdown(); return the tracer provider itself',
      ),
    );
    await expect(acquireTracerProvider(builder().build, { key: '' })).rejects.toThrow(
      new TypeError("acquireTracerProvider(): option 'key' is ''; give a non-empty string"),
    );
    await expect(startTracing(builder().build, { signals: 'SIGTERM' as never })).rejects.toThrow(
      new TypeError(
        "startTracing(): option 'signals' is 'SIGTERM'; give an array of signals such as ['SIGTERM'], " +
          'without SIGKILL and SIGSTOP, to which nobody can listen',
      ),
    );
  });
});

describe('the last release', () => {
  const work = (name: string) => {
    const gate = deferred();
    return { gate, task: traceTask(() => gate.promise, name) };
  };

  test('ends live spans as shutdown, children first, of every instance; the work goes on', async () => {
    const { build, rows, done } = builder();
    const lease = await startTracing(build);
    const { gate, task } = work('child');
    const running = withSpan('parent', () => task());
    createTracing({ attributeNames: { outcome: null, error: 'failed' } }).startSpan('of another instance');
    await lease.release();
    expect(rows()).toEqual([
      {
        name: 'of another instance',
        status: 'ERROR still live at the shutdown',
        attributes: { failed: true, 'error.type': 'shutdown' },
      },
      {
        name: 'child',
        parent: 'parent',
        status: 'ERROR still live at the shutdown',
        attributes: { error: true, 'error.type': 'shutdown', 'oncespan.outcome': 'shutdown' },
      },
      {
        name: 'parent',
        status: 'ERROR still live at the shutdown',
        attributes: { error: true, 'error.type': 'shutdown', 'oncespan.outcome': 'shutdown' },
      },
    ]);
    expect(liveSpans()).toEqual([]);
    gate.resolve();
    await running;
    expect(rows()).toHaveLength(3);
    expect(done.at(-1)).toBe('shutdown');
  });

  test('leaves the live spans of another provider alone', async () => {
    const other = builder();
    const unregistered = await acquireTracerProvider(other.build, { key: 'unregistered' });
    const mine = builder();
    kept(await startTracing(mine.build));
    const span = startSpan('mine');
    await unregistered.release();
    expect(liveSpans()).toHaveLength(1);
    span.end();
    expect(mine.rows()).toEqual([{ name: 'mine' }]);
  });

  test('finds an instance by its live spans, for which alone it is held', async () => {
    const { build, rows } = builder();
    const lease = await startTracing(build);
    const holders = (globalThis as unknown as Record<symbol, Set<unknown>>)[
      Symbol.for('oncespan.live-spans')
    ]!;
    await collect();
    const before = [...holders];
    for (let i = 0; i < 100; i++) createTracing().withSpan('ends', () => {});
    createTracing().startSpan('live');
    await collect();
    expect(holders.size).toBe(before.length + 1);
    await lease.release();
    await collect();
    expect([...holders]).toEqual(before);
    expect(rows()).toHaveLength(101);
  });

  test('unregisters the provider, so that another one can be registered', async () => {
    const { build, rows } = builder();
    const lease = await startTracing(build);
    withSpan('traced', () => {});
    await lease.release();
    withSpan('not traced', (span) => expect(span.isRecording()).toBe(false));
    kept(await startTracing(build));
    withSpan('traced again', () => {});
    expect(rows()).toEqual([{ name: 'traced' }, { name: 'traced again' }]);
    expect(reported).toEqual([]);
  });

  test('takes no longer than it may, and shuts down even so', async () => {
    const { build, done } = builder();
    const lease = await acquireTracerProvider(build);
    vi.spyOn(lease.provider, 'forceFlush').mockReturnValue(new Promise(() => {}));
    const released = lease.release({ timeoutMs: 100 });
    await turn();
    expect(done).toEqual([]);
    vi.advanceTimersByTime(100);
    await released;
    expect(done).toEqual(['shutdown']);
    expect(reported).toEqual([['oncespan: the tracer provider had not shut down after 100 ms']]);
  });

  test('says how many spans are lost when time is up, wherever it is up', async () => {
    for (const hangs of ['export', 'shutdown'] as const) {
      const { exporter, processor, provider, end } = serial({ maxExportBatchSize: 1 });
      if (hangs === 'shutdown') exporter.shutdown = () => new Promise(() => {});
      const lease = await acquireTracerProvider(() => provider);
      end('a', 'b', 'c');
      if (hangs === 'shutdown') exporter.export = (_spans, answer) => answer(OK);
      const released = lease.release({ timeoutMs: 100 });
      await turn();
      if (hangs === 'shutdown') exporter.exports[0]?.answer(OK);
      await turn();
      vi.advanceTimersByTime(100);
      await released;
      expect(processor.stats()).toMatchObject(
        hangs === 'export' ? { unknown: 1, dropped: 2 } : { exported: 3, dropped: 0 },
      );
    }
    const gaveUp = (dropped: number, unknown: number) => [
      'oncespan: the span processor gave up',
      expect.objectContaining({
        message: `the span processor had no more time to shut down: ${dropped} spans were dropped, and of ${unknown} nobody knows whether they arrived`,
      }),
    ];
    const late = ['oncespan: the tracer provider had not shut down after 100 ms'];
    expect(reported.filter(([what]) => /gave up|not shut down/.test(what as string))).toEqual([
      // In the flush; the processor hears of it with the shutdown.
      late,
      gaveUp(2, 1),
      gaveUp(0, 0),
      late,
    ]);
  });

  test('exports nothing more once time is up', async () => {
    const { exporter, processor, provider, end } = serial();
    vi.spyOn(provider, 'forceFlush').mockImplementation(() => new Promise(() => {}));
    const lease = await acquireTracerProvider(() => provider);
    end('a');
    const released = lease.release({ timeoutMs: 100 });
    await turn();
    vi.advanceTimersByTime(100);
    await released;
    await turn();
    expect([exporter.batches, exporter.shutdowns]).toEqual([[], 1]);
    expect(processor.stats()).toMatchObject({ queued: 0, exporting: 0, drops: { gaveUp: 1 } });
  });

  test('without a limit gives the provider as long as a timer can wait', async () => {
    const provider = new TracerProvider();
    const forceFlush = vi.spyOn(provider, 'forceFlush');
    const lease = await acquireTracerProvider(() => provider);
    await lease.release({ timeoutMs: Infinity });
    expect(forceFlush.mock.calls).toEqual([[{ timeoutMillis: 2 ** 31 - 1 }]]);
  });

  test('takes the time that it is given, whatever the processor would take by itself', async () => {
    const { exporter, processor, provider, end } = serial({ shutdownTimeoutMillis: 100 });
    vi.spyOn(provider, 'forceFlush').mockResolvedValue();
    const lease = await acquireTracerProvider(() => provider);
    end('a');
    const released = lease.release({ timeoutMs: 1000 });
    await turn();
    vi.advanceTimersByTime(500);
    await turn();
    exporter.exports[0]?.answer(OK);
    await released;
    expect(processor.stats()).toMatchObject({ exported: 1, unknown: 0 });
    expect(reported).toEqual([]);
  });

  test('waits for no resource attribute', async () => {
    const { exporter, processor, provider } = serial();
    exporter.export = (_spans, answer) => answer(OK);
    const lease = await acquireTracerProvider(() => provider);
    processor.onEnd({
      spanContext: () => ({ traceId: '1', spanId: '1', traceFlags: 1 }),
      resource: { asyncAttributesPending: true, waitForAsyncAttributes: () => new Promise(() => {}) },
    });
    await lease.release();
    expect(processor.stats()).toMatchObject({ exported: 1 });
  });

  test('reports what fails, and does not reject', async () => {
    const { build, done } = builder();
    const lease = await acquireTracerProvider(build);
    vi.spyOn(lease.provider, 'forceFlush').mockRejectedValue(failure);
    await lease.release();
    expect(done).toEqual(['shutdown']);
    const again = await acquireTracerProvider(build);
    vi.spyOn(again.provider, 'shutdown').mockImplementation(() => {
      throw failure;
    });
    await again.release();
    expect(reported).toEqual([
      ["oncespan: the tracer provider's forceFlush() failed", failure],
      ["oncespan: the tracer provider's shutdown() failed", failure],
    ]);
  });

  test('waits for the batch in flight of the processor', async () => {
    const { exporter, processor, provider, end } = serial({ maxExportBatchSize: 1 });
    const lease = await acquireTracerProvider(() => provider);
    end('in flight');
    await turn();
    end('queued');
    const released = lease.release();
    for (const at of [0, 1]) {
      exporter.exports[at]?.answer(OK);
      await turn();
    }
    await released;
    expect(processor.stats()).toMatchObject({ exported: 2, queued: 0, dropped: 0 });
    expect(exporter.shutdowns).toBe(1);
  });
});

describe('startTracing', () => {
  const events = ['SIGTERM', 'SIGINT', 'SIGHUP', 'beforeExit'];
  const listeners = () => events.map((event) => process.listenerCount(event));

  test('listens once a process, and to nothing any more after the last release', async () => {
    const before = listeners();
    const { build } = builder();
    const first = await startTracing(build);
    const one = before.map((count, i) => (events[i] === 'SIGHUP' ? count : count + 1));
    expect(listeners()).toEqual(one);
    const second = await startTracing(build);
    // Of the other provider, that another one is registered.
    const onConsole = vi.spyOn(console, 'error').mockImplementation(() => {});
    const other = await startTracing(() => serial().provider, { key: 'other' });
    onConsole.mockRestore();
    expect(listeners()).toEqual(one);
    await first.release();
    await second.release();
    expect(listeners()).toEqual(one);
    await other.release();
    expect(listeners()).toEqual(before);
  });

  test('listens to the signals that it is given', async () => {
    const before = listeners();
    const lease = await startTracing(builder().build, { signals: ['SIGHUP'] });
    expect(listeners()).toEqual([before[0], before[1], before[2]! + 1, before[3]! + 1]);
    await lease.release();
    expect(listeners()).toEqual(before);
  });

  test('shuts every built provider down at a signal, and waits for no build', async () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    const [mine, other, pending] = [builder(), builder(), deferred<TracerProvider>()];
    const lease = await startTracing(mine.build, { signals: ['SIGUSR2'] });
    await acquireTracerProvider(other.build, { key: 'other' });
    const late = acquireTracerProvider(() => pending.promise, { key: 'pending' });
    expect(process.emit('SIGUSR2', 'SIGUSR2')).toBe(true);
    // Until then it holds off who would end the process, such as signal-exit.
    expect(process.listenerCount('SIGUSR2')).toBe(1);
    await turn();
    expect(process.listenerCount('SIGUSR2')).toBe(0);
    expect([mine.done.at(-1), other.done.at(-1)]).toEqual(['shutdown', 'shutdown']);
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGUSR2']]);
    await vi.advanceTimersByTimeAsync(1);
    expect(exit.mock.calls).toEqual([[128 + constants.signals.SIGUSR2]]);
    const unbuilt = builder();
    pending.resolve(unbuilt.build());
    await (await late).release();
    expect(unbuilt.done).toEqual(['flush', 'shutdown']);
    await lease.release();
    expect(mine.done.filter((what) => what === 'shutdown')).toHaveLength(1);
    kill.mockRestore();
    exit.mockRestore();
  });

  test('registers a provider that had only been acquired', async () => {
    const { build, rows } = builder();
    kept(await acquireTracerProvider(build));
    withSpan('not traced', () => {});
    kept(await startTracing(build));
    withSpan('traced', () => {});
    expect(rows()).toEqual([{ name: 'traced' }]);
    expect(build).toHaveBeenCalledTimes(1);
  });

  test('is content with a build that registers its provider itself', async () => {
    const { build, rows } = builder();
    kept(
      await startTracing(() => {
        const provider = build();
        trace.setGlobalTracerProvider(provider);
        return provider;
      }),
    );
    withSpan('traced', () => {});
    expect(rows()).toEqual([{ name: 'traced' }]);
    expect(reported).toEqual([]);
  });
});

test('endLiveSpans() ends those of the registered provider, whoever has built it', () => {
  endLiveSpans();
  const { provider, rows } = record();
  startSpan('live');
  endLiveSpans();
  expect(rows()).toEqual([
    {
      name: 'live',
      status: 'ERROR still live at the shutdown',
      attributes: { error: true, 'oncespan.outcome': 'shutdown', 'error.type': 'shutdown' },
    },
  ]);
  return provider.shutdown();
});

test('the last release of a provider leaves another one registered', async () => {
  const { provider, rows } = record();
  const { build, done } = builder();
  const lease = await acquireTracerProvider(build);
  await lease.release();
  expect(done).toEqual(['flush', 'shutdown']);
  expect((trace.getTracerProvider() as { getDelegate?(): unknown }).getDelegate?.()).toBe(provider);
  withSpan('still traced', () => {});
  expect(rows()).toEqual([{ name: 'still traced' }]);
});
