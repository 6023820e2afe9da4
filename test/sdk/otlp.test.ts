import { once } from 'node:events';
import http from 'node:http';
import { type HrTime, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { flush, traceTask, withSpan } from '../../src/index.ts';
import { type BatchOptions, SerialBatchSpanProcessor } from '../../src/sdk/index.ts';
import { countExports } from '../export-count.ts';
import { deferred, record } from '../harness.ts';
import { OtlpReceiver, type ReceiverAnswer } from '../otlp-receiver.ts';
import { turn } from './held-exporter.ts';

// Over real HTTP. Time stands still (the set-up's fake timers), so that only what is asked for happens.

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});
afterEach(() => receiver.close());

function connect(options?: BatchOptions) {
  const exporter = new OTLPTraceExporter({ url: receiver.url });
  const exports = countExports(exporter);
  const processor = new SerialBatchSpanProcessor(exporter, options);
  const provider = new TracerProvider({ spanProcessors: [processor] });
  trace.setGlobalTracerProvider(provider);
  return { exports, processor, provider };
}

/** Resolves when the receiver has decided about one more request, which it answers with `answer`. */
function nextRequest(answer: ReceiverAnswer | Promise<ReceiverAnswer>): Promise<void> {
  const asked = deferred();
  receiver.answer = () => {
    asked.resolve();
    return answer;
  };
  return asked.promise;
}

const named = (name: string) => withSpan(name, () => {});

test('the receiver reads both encodings of the same span alike', async () => {
  const { provider } = connect();
  const { spans } = record();
  const links = () => [{ context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } }];
  const attributes = { text: 'a', count: 2, ratio: 0.5, flag: true };
  withSpan({ name: 'both', kind: SpanKind.CLIENT, attributes, links }, (span) =>
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'refused' }),
  );
  const [span] = spans();
  const { processor } = connect();
  processor.onEnd(span!);
  await processor.forceFlush();
  // Not by fetch(), which keeps timers.
  const headers = { 'content-type': 'application/json' };
  const request = http.request(receiver.url, { method: 'POST', headers, agent: false });
  request.end(JsonTraceSerializer.serializeRequest(spans()));
  await once(request, 'close');
  const { traceId, spanId } = span!.spanContext();
  const link = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  const about = ([seconds, nanoseconds]: HrTime) => [seconds, expect.closeTo(nanoseconds, -3)];
  const received = {
    traceId,
    spanId,
    parentSpanId: undefined,
    name: 'both',
    kind: SpanKind.CLIENT,
    startTime: about(span!.startTime),
    endTime: about(span!.endTime),
    statusCode: 2,
    statusMessage: 'refused',
    attributes: { text: 'a', count: 2, ratio: 0.5, flag: true },
    links: [link],
    resource: span!.resource.attributes,
  };
  expect(receiver.spans).toEqual([received, received]);
  expect(receiver.duplicates).toBe(1);
  await Promise.all([provider.shutdown(), processor.shutdown()]);
});

test.each([100, 10_000])(
  '%i tasks that flush at once all arrive once, in one export at a time',
  async (count) => {
    const { exports, processor, provider } = connect({ maxQueueSize: 10_000 });
    const gate = deferred();
    const names = Array.from({ length: count }, (_, i) => `task ${i}`);
    const tasks = names.map((name) => traceTask(() => gate.promise, { name, flush: 'await' })());
    gate.resolve();
    await Promise.all(tasks);
    expect(receiver.names).toEqual(names.toSorted());
    expect([receiver.duplicates, exports.mostInFlight]).toEqual([0, 1]);
    expect(processor.stats()).toMatchObject({ exported: count, dropped: 0, failed: 0, unknown: 0 });
    await provider.shutdown();
  },
);

describe('a receiver that misbehaves', () => {
  test('answers slowly: the flush waits, and what ends meanwhile goes with the next export', async () => {
    const { exports, provider } = connect();
    const slow = deferred<ReceiverAnswer>();
    const asked = nextRequest(slow.promise);
    named('a');
    const first = flush();
    await asked;
    named('b');
    const second = flush();
    receiver.answer = () => 'accept';
    slow.resolve('accept');
    expect([await first, await second]).toEqual([{ status: 'flushed' }, { status: 'flushed' }]);
    expect(receiver.spans.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(exports.mostInFlight).toBe(1);
    await provider.shutdown();
  });

  test.each([429, 503])(
    'answers %i with Retry-After: the span arrives with the retry, once',
    async (status) => {
      const { provider } = connect();
      const asked = nextRequest({ status, retryAfter: 1 });
      named('a');
      const flushed = flush();
      await asked;
      receiver.answer = () => 'accept';
      await vi.waitUntil(() => vi.advanceTimersByTime(1000) && receiver.requests === 2);
      expect(await flushed).toEqual({ status: 'flushed' });
      expect([receiver.names, receiver.requests]).toEqual([['a'], 2]);
      await provider.shutdown();
    },
  );

  test('refuses: the flush says so, the span is counted as failed, the next one arrives', async () => {
    const { processor, provider } = connect();
    receiver.answer = () => ({ status: 400 });
    named('refused');
    expect(await flush()).toMatchObject({ status: 'failed' });
    receiver.answer = () => 'accept';
    named('a');
    expect(await flush()).toEqual({ status: 'flushed' });
    expect(receiver.names).toEqual(['a']);
    expect(processor.stats()).toMatchObject({ exported: 1, failed: 1 });
    await provider.shutdown();
  });

  test('closes the connection: the span arrives with the retry, once', async () => {
    const { provider } = connect();
    const asked = nextRequest('drop');
    named('a');
    const flushed = flush();
    await asked;
    receiver.answer = () => 'accept';
    const timers = vi.getTimerCount();
    while (vi.getTimerCount() === timers) await turn();
    vi.advanceTimersByTime(1200);
    expect(await flushed).toEqual({ status: 'flushed' });
    expect([receiver.names, receiver.requests]).toEqual([['a'], 2]);
    await provider.shutdown();
  });

  test('hangs: the export is given up as unknown, and shutdown ends within its limit', async () => {
    const { processor } = connect();
    const asked = nextRequest('hang');
    named('a');
    const flushed = flush();
    await asked;
    const shutdown = processor.shutdown({ timeoutMs: 100 }).catch((error: Error) => error.name);
    vi.advanceTimersByTime(100);
    expect(await shutdown).toBe('TimeoutError');
    expect(await flushed).toMatchObject({ status: 'failed' });
    expect(processor.stats()).toMatchObject({ exported: 0, unknown: 1 });
  });
});
