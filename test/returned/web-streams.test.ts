import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { liveSpans, traceTask, withSpan } from '../../src/index.ts';
import { caught, dropping, record, type SpanRow, turn, unhandledDuring } from '../harness.ts';

const failure = new TypeError('no wire');
const RETURNED: SpanRow = { name: 'work' };
const LEFT: SpanRow = { name: 'work', attributes: { 'oncespan.outcome': 'aborted' } };
const THREW: SpanRow = {
  name: 'work',
  status: 'ERROR no wire',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: no wire'],
};

/** Gives `a` and `b`, each when it is asked for. */
function source(): ReadableStream<string> {
  const chunks = ['a', 'b'];
  return new ReadableStream(
    {
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
}

function failing(): ReadableStream<string> {
  let pulls = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (pulls++ === 0) controller.enqueue('a');
        else controller.error(failure);
      },
    },
    { highWaterMark: 0 },
  );
}

function bytes(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(new Uint8Array([1]));
      controller.close();
    },
  });
}

type Stream = ReadableStream<string>;

async function collect(stream: Stream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

async function readAll(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += value;
  }
}

const sink = (written: string[] = []) => new WritableStream({ write: (chunk) => void written.push(chunk) });
const brokenSink = () =>
  new WritableStream({
    write() {
      throw failure;
    },
  });
const upper = () =>
  new TransformStream<string, string>({
    transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()),
  });
const rejected = async (promise: Promise<unknown>) => {
  await expect(promise).rejects.toBe(failure);
};

const endings: Record<string, [() => Stream, (stream: Stream) => unknown, SpanRow]> = {
  'for await, to the end': [source, async (stream) => expect(await collect(stream)).toBe('ab'), RETURNED],
  'for await, of one that fails': [failing, (stream) => rejected(collect(stream)), THREW],
  'for await, left by break': [
    source,
    async (stream) => {
      // oxlint-disable-next-line no-unreachable-loop
      for await (const _ of stream) break;
    },
    LEFT,
  ],
  'values(), left without cancelling it': [
    source,
    async (stream) => {
      // oxlint-disable-next-line no-unreachable-loop
      for await (const _ of stream.values({ preventCancel: true })) break;
      expect(await collect(stream)).toBe('b');
    },
    RETURNED,
  ],
  'a reader, to the end': [
    source,
    async (stream) => expect(await readAll(stream.getReader())).toBe('ab'),
    RETURNED,
  ],
  'a reader, of one that fails': [failing, (stream) => rejected(readAll(stream.getReader())), THREW],
  'a reader that cancels': [source, (stream) => stream.getReader().cancel('enough'), LEFT],
  'a reader that cancels what it has read to its end': [
    source,
    async (stream) => {
      const reader = stream.getReader();
      await readAll(reader);
      await reader.cancel();
    },
    RETURNED,
  ],
  'two readers, one after the other': [
    source,
    async (stream) => {
      const first = stream.getReader();
      expect(await first.read()).toEqual({ done: false, value: 'a' });
      first.releaseLock();
      await turn();
      expect(await readAll(stream.getReader())).toBe('b');
    },
    RETURNED,
  ],
  'a reader of bytes': [
    bytes as unknown as () => Stream,
    async (stream) => {
      const reader = stream.getReader({ mode: 'byob' });
      expect((await reader.read(new Uint8Array(4))).value).toEqual(new Uint8Array([1]));
      expect((await reader.read(new Uint8Array(4))).done).toBe(true);
    },
    RETURNED,
  ],
  'cancel()': [source, (stream) => stream.cancel('enough'), LEFT],
  'pipeTo()': [
    source,
    async (stream) => {
      const written: string[] = [];
      await stream.pipeTo(sink(written));
      expect(written).toEqual(['a', 'b']);
    },
    RETURNED,
  ],
  'pipeTo(), of one that fails': [failing, (stream) => rejected(stream.pipeTo(sink())), THREW],
  'pipeTo() a sink that fails': [source, (stream) => rejected(stream.pipeTo(brokenSink())), THREW],
  'pipeThrough()': [
    source,
    async (stream) => expect(await collect(stream.pipeThrough(upper()))).toBe('AB'),
    RETURNED,
  ],
  'pipeThrough() twice': [
    source,
    async (stream) => expect(await collect(stream.pipeThrough(upper()).pipeThrough(upper()))).toBe('AB'),
    RETURNED,
  ],
  'pipeThrough(), of one that fails': [
    failing,
    (stream) => rejected(collect(stream.pipeThrough(upper()))),
    THREW,
  ],
  'pipeThrough(), cancelled': [source, (stream) => stream.pipeThrough(upper()).cancel(), LEFT],
  'tee()': [
    source,
    async (stream) => {
      const [one, other] = stream.tee();
      expect(await Promise.all([collect(one!), collect(other!)])).toEqual(['ab', 'ab']);
    },
    RETURNED,
  ],
  'tee(), of one that fails': [
    failing,
    async (stream) => {
      for (const branch of stream.tee()) await rejected(collect(branch));
    },
    THREW,
  ],
  'tee(), one branch cancelled': [
    source,
    async (stream) => {
      const [one, other] = stream.tee();
      const cancelled = one!.cancel();
      expect(await collect(other!)).toBe('ab');
      await cancelled;
    },
    RETURNED,
  ],
  'tee(), both branches cancelled': [
    source,
    (stream) => Promise.all(stream.tee().map((branch) => branch.cancel())),
    LEFT,
  ],
  'the body of a Response': [
    () => source().pipeThrough(new TextEncoderStream()) as unknown as Stream,
    async (stream) => expect(await new Response(stream as never).text()).toBe('ab'),
    RETURNED,
  ],
  'a Node stream made of it': [
    source,
    async (stream) => expect((await Readable.fromWeb(stream as never).toArray()).join('')).toBe('ab'),
    RETURNED,
  ],
};

describe('the span covers a ReadableStream', () => {
  test.each(Object.entries(endings))('%s', async (_how, [make, use, row]) => {
    await use(make());
    const { rows } = record();
    const stream = make();
    const before = [stream.locked, Object.keys(stream), String(stream)];
    expect(traceTask(() => stream, 'work')()).toBe(stream);
    expect([stream.locked, Object.keys(stream), String(stream)]).toEqual(before);
    await turn();
    expect(rows()).toEqual([]);
    await use(stream);
    await turn();
    expect(rows()).toEqual([row]);
  });
});

test('a failing pipe that nobody handles is reported once', async () => {
  record();
  const stream = traceTask(failing, 'work')();
  expect(await unhandledDuring(() => void stream.pipeTo(sink()))).toEqual([failure]);
});

test('what the pipeTo() of a polyfill answers comes out, whatever it is', async () => {
  const { rows } = record();
  const answer = { then() {} };
  const polyfill = {
    [Symbol.toStringTag]: 'ReadableStream',
    locked: false,
    getReader() {},
    pipeTo(_to: WritableStream) {
      this.locked = true;
      return answer;
    },
    async cancel() {
      this.locked = false;
    },
  };
  const stream = traceTask(() => polyfill, 'work')();
  const piped: unknown = stream.pipeTo(sink());
  expect(piped === answer).toBe(true);
  stream.locked = false;
  await stream.cancel();
  expect(rows()).toEqual([LEFT]);
});

test('what a locked stream refuses is refused as before, and ends nothing', async () => {
  const { rows } = record();
  const stream = traceTask(source, 'work')();
  const reader = stream.getReader();
  expect(stream.locked).toBe(true);
  await expect(stream.cancel()).rejects.toThrow(TypeError);
  await expect(stream.pipeTo(sink())).rejects.toThrow(TypeError);
  expect(caught(() => stream.tee())).toBeInstanceOf(TypeError);
  expect(caught(() => stream.getReader())).toBeInstanceOf(TypeError);
  expect(rows()).toEqual([]);
  await readAll(reader);
  expect(rows()).toEqual([RETURNED]);
});

test('a Response is a value, and its body is not touched', async () => {
  const { rows } = record();
  const response = traceTask(() => new Response('text'), 'work')();
  expect(rows()).toEqual([RETURNED]);
  expect(Object.getOwnPropertyNames(response.body)).toEqual([]);
  expect(await response.text()).toBe('text');
});

test('what is written to is a value', () => {
  const { rows } = record();
  traceTask(sink, 'work')();
  traceTask(upper, 'work')();
  expect(rows()).toEqual([RETURNED, RETURNED]);
});

test('10,000 calls that return one long-lived stream leave no live span', () => {
  const { spans } = record();
  const stream = source();
  const output = traceTask(() => stream, 'work');
  for (let i = 0; i < 10_000; i++) output();
  expect(liveSpans()).toEqual([]);
  expect(spans()).toHaveLength(10_000);
  expect(Object.getOwnPropertyNames(stream)).toEqual([]);
});

test('nothing of one that is not sampled is sampled, when it is iterated', async () => {
  const { rows } = record({ sampler: dropping('work') });
  const make = () =>
    new ReadableStream<string>(
      {
        pull(controller) {
          withSpan('inside', () => controller.close());
        },
      },
      { highWaterMark: 0 },
    );
  await collect(traceTask(make, { name: 'work', flush: 'never' })());
  expect(rows()).toEqual([]);
});

test('on Workers, where the runtime reads a stream without its methods, one is a value', async () => {
  const { rows } = record();
  vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
  const stream = traceTask(source, { name: 'work', flush: 'never' })();
  vi.unstubAllGlobals();
  expect(rows()).toEqual([RETURNED]);
  expect(Object.hasOwn(stream, 'getReader')).toBe(false);
  await stream.cancel();
});
