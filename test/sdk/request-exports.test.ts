import { trace } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { flush, traceTask, type FlushResult } from '../../src/index.ts';
import { type BatchOptions, SerialBatchSpanProcessor } from '../../src/sdk/index.ts';
import { reported } from '../harness.ts';
import { becomeWorker, boundToRequests, FakeRequest } from './fake-requests.ts';
import { HeldExporter, OK, serial, turn } from './held-exporter.ts';

// The processor where I/O belongs to a request, as on Cloudflare Workers.

const failure = new Error('collector is down');
const FLUSHED: FlushResult = { status: 'flushed' };

beforeEach(becomeWorker);
afterEach(() => void vi.unstubAllGlobals());

/** A Worker, with its own processor behind its registered provider. */
function worker(options?: BatchOptions) {
  const { exporter, processor, provider, end } = serial(options);
  boundToRequests(exporter);
  trace.setGlobalTracerProvider(provider);
  const counts = () => {
    const { queued, exporting, exported, failed, unknown, dropped } = processor.stats();
    return Object.fromEntries(
      Object.entries({ queued, exporting, exported, failed, unknown, dropped }).filter(([, n]) => n > 0),
    );
  };
  /** Ends spans and flushes, in a request of its own. */
  const ask = (...names: string[]) => {
    const request = new FakeRequest();
    const answers: unknown[] = [];
    const flushed = request.run(() => {
      end(...names);
      return processor.forceFlush();
    });
    void flushed.then(
      () => answers.push('flushed'),
      (error: unknown) => answers.push(error),
    );
    return { request, answers };
  };
  return { exporter, processor, provider, end, counts, ask };
}

describe('flushes', () => {
  test('each exports what is queued in its own call, beside the others, and waits for that alone', async () => {
    const { exporter, ask, counts } = worker();
    const a = ask('a1', 'a2');
    const b = ask('b');
    await turn();
    expect(exporter.batches).toEqual([['a1', 'a2'], ['b']]);
    exporter.exports[1]!.answer(OK);
    await turn();
    expect([a.answers, b.answers, counts()]).toEqual([[], ['flushed'], { exporting: 2, exported: 1 }]);
    exporter.exports[0]!.answer(OK);
    await turn();
    expect([a.answers, counts()]).toEqual([['flushed'], { exported: 3 }]);
  });

  test('100 requests at once: each span is exported once, in as many exports', async () => {
    const { exporter, ask, counts } = worker();
    const names = Array.from({ length: 100 }, (_, i) => `r${i}`);
    const requests = names.map((name) => ask(name));
    await turn();
    for (const { answer } of exporter.exports) answer(OK);
    await turn();
    expect(exporter.batches).toEqual(names.map((name) => [name]));
    expect(requests.map(({ answers }) => answers)).toEqual(names.map(() => ['flushed']));
    expect(counts()).toEqual({ exported: 100 });
  });

  test('a span that ends while another request exports leaves with its own flush', async () => {
    const { exporter, processor, end, ask } = worker();
    const a = ask('a');
    await turn();
    const b = new FakeRequest();
    b.run(() => end('b'));
    await turn();
    expect(exporter.batches).toEqual([['a']]);
    const flushed = b.run(() => processor.forceFlush());
    await turn();
    expect(exporter.batches).toEqual([['a'], ['b']]);
    for (const { answer } of exporter.exports) answer(OK);
    await flushed;
    expect(a.answers).toEqual(['flushed']);
  });

  test('one that covers several batches exports them all at once', async () => {
    const { exporter, processor, end } = worker({ maxExportBatchSize: 2 });
    // Outside a request a full batch waits.
    end('a', 'b', 'c', 'd', 'e');
    const flushed = new FakeRequest().run(() => processor.forceFlush());
    await turn();
    expect(exporter.batches).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    for (const { answer } of exporter.exports) answer(OK);
    await flushed;
  });

  test('fails with what its own exports failed with; the others know nothing of it', async () => {
    const { exporter, ask, counts } = worker();
    const [a, b] = [ask('a'), ask('b')];
    await turn();
    exporter.exports[0]!.answer({ code: 1, error: failure });
    exporter.exports[1]!.answer(OK);
    await turn();
    expect([a.answers, b.answers, counts()]).toEqual([[failure], ['flushed'], { failed: 1, exported: 1 }]);
  });

  test('may be limited and aborted; the export goes on', async () => {
    const { exporter, processor, end, counts } = worker();
    const request = new FakeRequest();
    const controller = new AbortController();
    const [late, aborted] = request.run(() => {
      end('a');
      const limited = processor.forceFlush({ timeoutMs: 10 });
      end('b');
      return [limited, processor.forceFlush({ signal: controller.signal })];
    });
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    vi.advanceTimersByTime(10);
    await expect(late).rejects.toThrow('the flush had not ended after 10 ms');
    for (const { answer } of exporter.exports) answer(OK);
    await turn();
    expect(counts()).toEqual({ exported: 2 });
  });

  test('an export that has no answer in a request that goes on is given up at its limit, and counted once', async () => {
    const { ask, counts } = worker({ exportTimeoutMillis: 100 });
    const a = ask('a');
    await turn();
    vi.advanceTimersByTime(100);
    await turn();
    expect(a.answers).toEqual([expect.objectContaining({ name: 'TimeoutError' })]);
    vi.advanceTimersByTime(5000);
    expect(counts()).toEqual({ unknown: 1 });
  });

  test('outside a request it says that it cannot; what is queued waits for one that can', async () => {
    const { exporter, processor, end, counts, ask } = worker();
    end('at start');
    await expect(processor.forceFlush()).rejects.toThrow('spans can be exported only in a request');
    expect(counts()).toEqual({ queued: 1 });
    const { answers } = ask('a');
    await turn();
    expect(exporter.batches).toEqual([['at start', 'a']]);
    exporter.exports[0]!.answer(OK);
    await turn();
    expect(answers).toEqual(['flushed']);
  });
});

describe('an export that is cut off with its request', () => {
  test('holds up no other, and is counted as unknown by whoever comes after its limit', async () => {
    const { exporter, ask, counts } = worker({ exportTimeoutMillis: 1000 });
    const a = ask('a');
    await turn();
    a.request.end();
    const b = ask('b');
    await turn();
    exporter.exports[1]!.answer(OK);
    await turn();
    expect([b.answers, counts()]).toEqual([['flushed'], { exporting: 1, exported: 1 }]);
    vi.advanceTimersByTime(1999);
    expect(counts()).toEqual({ exporting: 1, exported: 1 });
    vi.advanceTimersByTime(1);
    const c = ask('c');
    await turn();
    exporter.exports[2]!.answer(OK);
    // Too late.
    exporter.exports[0]!.answer(OK);
    await turn();
    expect(counts()).toEqual({ exported: 2, unknown: 1 });
    expect(a.answers).toEqual([]);
    const cutOff = 'an export of 1 spans had no answer when its request was over';
    // The flush that it was for has gone; the next one is told, and no other.
    const told = expect.objectContaining({ name: 'TimeoutError', message: cutOff });
    expect(c.answers).toEqual([told]);
    expect(reported).toEqual([['oncespan: an export hung', told]]);
    const d = ask();
    await turn();
    expect(d.answers).toEqual(['flushed']);
  });

  test('a span that ends later finds it, too, without a flush', async () => {
    const { exporter, end, ask, counts } = worker({ exportTimeoutMillis: 1000, maxExportBatchSize: 1 });
    const { request: cutOff } = ask('a');
    await turn();
    cutOff.end();
    vi.advanceTimersByTime(2000);
    const request = new FakeRequest();
    request.run(() => end('b'));
    await turn();
    expect(reported).toHaveLength(1);
    expect(exporter.batches).toEqual([['a'], ['b']]);
    exporter.exports[1]!.answer(OK);
    await turn();
    expect(counts()).toEqual({ unknown: 1, exported: 1 });
  });

  test('is not waited for by the exporter’s own forceFlush(), which is called where no export is open', async () => {
    const { exporter, ask } = worker({ exportTimeoutMillis: 1000 });
    const answer = async (index: number) => {
      await turn();
      exporter.exports[index]!.answer(OK);
      await turn();
    };
    ask('a');
    await answer(0);
    expect(exporter.flushes).toBe(1);
    const { request: cutOff } = ask('b');
    await turn();
    cutOff.end();
    ask('c');
    await answer(2);
    vi.advanceTimersByTime(5000);
    ask('d');
    await answer(3);
    expect(exporter.flushes).toBe(1);
  });
});

test('what was cut off is not kept in memory once it has been counted', async () => {
  const processor = new SerialBatchSpanProcessor({ export: () => {}, shutdown: async () => {} });
  const request = new FakeRequest();
  const endOne = () => {
    const span = { spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }) };
    processor.onEnd(span);
    return new WeakRef(span);
  };
  const kept = endOne();
  void request.run(() => processor.forceFlush());
  await turn();
  request.end();
  vi.advanceTimersByTime(31_000);
  expect(processor.stats()).toMatchObject({ exporting: 0, unknown: 1 });
  await turn();
  gc!();
  expect(kept.deref()).toBeUndefined();
});

describe('without a flush', () => {
  test('nothing is exported, and no timer started, until a batch is full', async () => {
    const { exporter, end, counts } = worker({ maxExportBatchSize: 2 });
    const request = new FakeRequest();
    request.run(() => end('a'));
    vi.advanceTimersByTime(60_000);
    await turn();
    expect([exporter.batches, vi.getTimerCount()]).toEqual([[], 0]);
    request.run(() => end('b'));
    await turn();
    expect(exporter.batches).toEqual([['a', 'b']]);
    exporter.exports[0]!.answer(OK);
    await turn();
    expect(counts()).toEqual({ exported: 2 });
  });

  test('a full batch is waited for by the flushes that come next', async () => {
    const { exporter, ask } = worker({ maxExportBatchSize: 2 });
    const { answers } = ask('a', 'b', 'c');
    await turn();
    expect(exporter.batches).toEqual([['a', 'b'], ['c']]);
    exporter.exports[1]!.answer(OK);
    await turn();
    expect(answers).toEqual([]);
    exporter.exports[0]!.answer(OK);
    await turn();
    vi.advanceTimersByTime(20);
    await turn();
    expect(answers).toEqual(['flushed']);
  });

  test('… for five seconds by the clock, as it may have been cut off', async () => {
    const { exporter, end, ask } = worker({ maxExportBatchSize: 2 });
    const cutOff = new FakeRequest();
    cutOff.run(() => end('a', 'b'));
    await turn();
    cutOff.end();
    const late = ask('c');
    await turn();
    exporter.exports[1]!.answer(OK);
    await vi.advanceTimersByTimeAsync(4999);
    expect(late.answers).toEqual([]);
    await vi.advanceTimersByTimeAsync(20);
    expect(late.answers).toEqual(['flushed']);
    const later = ask('d');
    await turn();
    exporter.exports[2]!.answer(OK);
    await turn();
    expect(later.answers).toEqual(['flushed']);
  });

  test('what a full batch failed with is told to the next flush, once', async () => {
    const { exporter, end, ask } = worker({ maxExportBatchSize: 2 });
    new FakeRequest().run(() => end('a', 'b'));
    await turn();
    exporter.exports[0]!.answer({ code: 1, error: failure });
    await turn();
    const [first, second] = [ask(), ask()];
    await turn();
    expect([first.answers, second.answers]).toEqual([[failure], ['flushed']]);
  });

  test('what the queue has not taken is dropped, counted, and told to the next flush', async () => {
    const { exporter, end, ask, counts } = worker({ maxQueueSize: 2 });
    end('a', 'b', 'c');
    const { answers } = ask();
    await turn();
    exporter.exports[0]!.answer(OK);
    await turn();
    expect(answers).toEqual([new Error('1 spans were dropped: the queue was full')]);
    expect(counts()).toEqual({ exported: 2, dropped: 1 });
    expect(reported).toEqual([['oncespan: 1 spans were dropped: the queue was full (2)']]);
  });
});

describe('shutdown', () => {
  test('exports what is queued, waits for every request’s exports, and shuts the exporter down once', async () => {
    const { exporter, processor, end, ask, counts } = worker();
    ask('a');
    await turn();
    const closed = vi.fn();
    const request = new FakeRequest();
    request.run(() => {
      end('b');
      void processor.shutdown().then(closed);
    });
    end('too late');
    await turn();
    exporter.exports[1]!.answer(OK);
    await vi.advanceTimersByTimeAsync(20);
    expect(closed).not.toHaveBeenCalled();
    exporter.exports[0]!.answer(OK);
    await vi.advanceTimersByTimeAsync(20);
    expect(closed).toHaveBeenCalledTimes(1);
    expect([exporter.shutdowns, counts()]).toEqual([1, { exported: 2, dropped: 1 }]);
  });

  test('when time is up, each span is either dropped or unknown', async () => {
    const { exporter, processor, ask, counts, end } = worker();
    const { request: cutOff } = ask('a');
    await turn();
    cutOff.end();
    // Whoever looks meanwhile changes nothing.
    expect(counts()).toEqual({ exporting: 1 });
    const closing = new FakeRequest().run(() => {
      end('b');
      return processor.shutdown({ timeoutMs: 50 });
    });
    const told = closing.catch(({ message }: Error) => message);
    await vi.advanceTimersByTimeAsync(60);
    expect(await told).toMatch('0 spans were dropped, and of 2 nobody knows');
    expect([exporter.shutdowns, counts()]).toEqual([1, { unknown: 2 }]);
    expect(processor.stats().overdueExports).toBe(2);
  });
});

test('a shutdown outside a request counts as lost what no request can export any more', async () => {
  const { exporter, processor, end, counts, ask } = worker();
  const { request: cutOff } = ask('a');
  await turn();
  cutOff.end();
  end('b', 'c');
  await expect(processor.shutdown()).rejects.toThrow(
    'spans can be exported only in a request: 2 spans were dropped, and of 1 nobody knows whether they arrived',
  );
  expect([exporter.batches, exporter.shutdowns, counts()]).toEqual([[['a']], 1, { unknown: 1, dropped: 2 }]);
});

/** A span that has ended, and whose resource waits for attributes for ever. */
function withPendingResource(): Parameters<SerialBatchSpanProcessor['onEnd']>[0] {
  const span = new TracerProvider().getTracer('test').startSpan('a');
  const resource = {
    asyncAttributesPending: true,
    waitForAsyncAttributes: () => new Promise<void>(() => {}),
  };
  return Object.create(span, { resource: { value: resource } }) as ReturnType<typeof withPendingResource>;
}

test('a shutdown waits for no attributes of a resource', async () => {
  const exporter = new HeldExporter();
  const processor = new SerialBatchSpanProcessor(exporter);
  const ended = withPendingResource();
  const closed = new FakeRequest().run(() => {
    processor.onEnd(ended);
    return processor.shutdown();
  });
  await turn();
  expect(exporter.batches).toHaveLength(1);
  exporter.exports[0]!.answer(OK);
  await closed;
});

test('attributes of a resource are waited for a second, as what is to bring them may have been cut off', async () => {
  const exporter = new HeldExporter();
  const processor = new SerialBatchSpanProcessor(exporter);
  const ended = withPendingResource();
  const flushed = new FakeRequest().run(() => {
    processor.onEnd(ended);
    return processor.forceFlush();
  });
  await vi.advanceTimersByTimeAsync(999);
  expect(exporter.batches).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(exporter.batches).toHaveLength(1);
  exporter.exports[0]!.answer(OK);
  await flushed;
});

describe('through a provider', () => {
  test('each flush() calls it by itself; one that is cut off holds up no later one', async () => {
    const { exporter, end } = worker();
    const cutOff = new FakeRequest();
    void cutOff.run(() => {
      end('a');
      return flush();
    });
    await turn();
    cutOff.end();
    const flushed = new FakeRequest().run(() => {
      end('b');
      return flush();
    });
    await turn();
    expect(exporter.batches).toEqual([['a'], ['b']]);
    exporter.exports[1]!.answer(OK);
    expect(await flushed).toEqual(FLUSHED);
  });

  test('a task with waitUntil, and one that awaits its flush, export in their own request', async () => {
    const { exporter } = worker();
    const kept: Promise<FlushResult>[] = [];
    const waitUntil = (flushed: Promise<FlushResult>) => void kept.push(flushed);
    const requests = [new FakeRequest(), new FakeRequest(), new FakeRequest()];
    expect(requests[0]!.run(traceTask(() => 1, { name: 'a', waitUntil }))).toBe(1);
    expect(requests[1]!.run(traceTask(() => 2, { name: 'b', waitUntil }))).toBe(2);
    const answer = requests[2]!.run(traceTask(async () => 3, { name: 'c', flush: 'await' }));
    await turn();
    expect(exporter.batches).toEqual([['a'], ['b'], ['c']]);
    for (const { answer: accept } of exporter.exports.toReversed()) accept(OK);
    expect([await answer, await Promise.all(kept)]).toEqual([3, [FLUSHED, FLUSHED]]);
  });
});

test('everywhere else, exports do not overlap and flushes share passes', async () => {
  vi.stubGlobal('navigator', { userAgent: 'Node.js/24' });
  const { exporter, processor, end } = worker();
  const request = new FakeRequest();
  const answers = request.run(() => {
    end('a');
    const first = processor.forceFlush();
    end('b');
    return [first, processor.forceFlush()];
  });
  await turn();
  expect(exporter.batches).toHaveLength(1);
  for (let i = 0; i < exporter.exports.length; i++) {
    exporter.exports[i]!.answer(OK);
    await turn();
  }
  await Promise.all(answers);
  expect(exporter.batches.flat()).toEqual(['a', 'b']);
});
