import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { simulateReadableStream, streamText } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { liveSpans, startSpan, traceTask, withSpan } from '../src/index.ts';
import { dropping, record, reported, turn, unhandledDuring } from './harness.ts';

// A span that ends with what is inside a result.

const RETURNED = { name: 'work' };

describe('with openai, against a server', () => {
  let server: Server;
  let client: OpenAI;
  beforeEach(async () => {
    vi.useRealTimers();
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const content of ['Hel', 'lo'])
        response.write(
          `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { role: 'assistant', content } }] })}\n\n`,
        );
      const last = { id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
      response.end(`data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${port}`, maxRetries: 0 });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const request = { model: 'm', messages: [] as never[], stream: true as const };
  const complete = () => client.chat.completions.create(request);

  test('create({ stream }) ends when the stream has been read', async () => {
    const { rows } = record();
    const stream = await traceTask(async () => complete(), {
      name: 'work',
      flush: 'never',
      covers: (s) => s,
    })();
    expect(rows()).toEqual([]);
    let text = '';
    for await (const { choices } of stream) text += choices[0]!.delta.content ?? '';
    expect([text, rows()]).toEqual(['Hello', [RETURNED]]);
  });

  test('create({ stream }), as the APIPromise that it is', async () => {
    const { rows } = record();
    const stream = await traceTask(complete, { name: 'work', flush: 'never', covers: (s) => s })();
    expect(rows()).toEqual([]);
    for await (const _ of stream) break;
    await turn();
    expect(rows()).toEqual([RETURNED]);
  });

  test('toReadableStream(), and tee()', async () => {
    const { rows } = record();
    const task = traceTask(async () => complete(), { name: 'work', flush: 'never', covers: (s) => s });
    for await (const _ of (await task()).toReadableStream() as unknown as AsyncIterable<unknown>);
    expect(rows()).toEqual([RETURNED]);
  });

  test('stream(), which is under way, by its done()', async () => {
    const { rows } = record();
    const stream = traceTask(() => client.chat.completions.stream({ model: 'm', messages: [] }), {
      name: 'work',
      flush: 'never',
      covers: (s) => s.done(),
    })();
    expect(rows()).toEqual([]);
    expect(await stream.finalContent()).toBe('Hello');
    await turn();
    expect(rows()).toEqual([RETURNED]);
  });

  test('the body of a Response', async () => {
    const { rows } = record();
    const response = await traceTask(() => fetch(client.baseURL, { method: 'POST' }), {
      name: 'work',
      flush: 'never',
      covers: ({ body }) => body,
    })();
    expect(rows()).toEqual([]);
    expect(await response.text()).toContain('Hel');
    await turn();
    expect(rows()).toEqual([RETURNED]);
  });
});

test('a pipe that nobody awaits', async () => {
  const { rows } = record();
  const sink = new PassThrough();
  const job = traceTask(async () => ({ id: 7, sink }), {
    name: 'work',
    flush: 'never',
    covers: (it) => it.sink,
  });
  expect(await job()).toEqual({ id: 7, sink });
  expect(rows()).toEqual([]);
  sink.end('x');
  for await (const _ of sink);
  await turn();
  expect(rows()).toEqual([RETURNED]);
});

test('a promise that is a member: its failure is the span’s, and as unhandled as it was', async () => {
  const { rows } = record();
  const failure = new TypeError('no');
  let reject!: (error: unknown) => void;
  const done = new Promise((_, no) => (reject = no));
  const { done: same } = traceTask(() => ({ done }), {
    name: 'work',
    flush: 'never',
    covers: (it) => it.done,
  })();
  expect(same).toBe(done);
  expect(rows()).toEqual([]);
  const heard = done.catch((error: unknown) => error);
  reject(failure);
  expect(await heard).toBe(failure);
  expect(rows()).toMatchObject([{ status: 'ERROR no' }]);
});

test('a promise that is made at each look is nobody’s to handle', async () => {
  const { rows } = record();
  const emitter = { done: () => Promise.reject(new TypeError('no')) };
  const make = traceTask(() => emitter, { name: 'work', flush: 'never', covers: (it) => it.done() });
  expect(await unhandledDuring(() => void make())).toEqual([]);
  expect(rows()).toMatchObject([{ status: 'ERROR no' }]);
});

test('a member whose rejection was handled before stays handled; a query is not run', async () => {
  const { rows } = record();
  let runs = 0;
  const rejected = Promise.reject(new TypeError('no'));
  rejected.catch(() => {});
  const query = { then: (ok: (value: number) => unknown) => ok(++runs) };
  const make = traceTask((inside: object) => ({ inside }), {
    name: 'work',
    flush: 'never',
    covers: (it) => it.inside,
  });
  expect(await unhandledDuring(() => void make(rejected))).toEqual([]);
  const { inside } = make(query);
  expect([runs, rows()]).toMatchObject([0, [{ status: 'ERROR no' }]]);
  expect(await inside).toBe(1);
  expect(rows()[1]).toEqual(RETURNED);
});

test.each<[string, (value: unknown) => unknown]>([
  ['nothing', () => undefined],
  ['a value', () => ({ a: 1 })],
  ['the result, which is a value', (value) => value],
])('a hook that answers %s: the span ends with the call, or its promise', async (_what, covers) => {
  const { rows } = record();
  const value = { id: 7 };
  expect(traceTask(() => value, { name: 'work', flush: 'never', covers })()).toBe(value);
  expect(rows()).toEqual([RETURNED]);
  expect(await traceTask(async () => value, { name: 'work', flush: 'never', covers })()).toBe(value);
  expect(rows()).toEqual([RETURNED, RETURNED]);
});

test('a hook that throws is reported, and the span ends as if there were none', async () => {
  const { rows } = record();
  const covers = () => {
    throw new Error('no');
  };
  await traceTask(async () => 7, { name: 'work', flush: 'never', covers })();
  expect(rows()).toEqual([RETURNED]);
  expect(reported).toEqual([['oncespan: option "covers" threw', new Error('no')]]);
});

test('nothing of what is covered is sampled when the call is not', async () => {
  const { rows } = record({ sampler: dropping('work') });
  async function* lines() {
    yield withSpan('inner', () => 1);
  }
  const options = { name: 'work', flush: 'never', covers: (it: { lines: object }) => it.lines } as const;
  for await (const _ of traceTask(() => ({ lines: lines() }), options)().lines);
  for await (const _ of (await traceTask(async () => ({ lines: lines() }), options)()).lines);
  expect(rows()).toEqual([]);
});

test('a member that does not end is ended by the abort, or with the process, as any', async () => {
  const { rows } = record();
  const controller = new AbortController();
  await traceTask(async (_signal: AbortSignal) => ({ stream: new PassThrough() }), {
    name: 'work',
    flush: 'never',
    covers: (it) => it.stream,
  })(controller.signal);
  expect(liveSpans()).toHaveLength(1);
  controller.abort();
  expect(rows()).toMatchObject([{ name: 'work', attributes: { 'oncespan.outcome': 'aborted' } }]);
});

test('the AI SDK, whose textStream is another one at each look: startSpan and its own callbacks', async () => {
  vi.useRealTimers();
  const { rows } = record();
  const model = new MockLanguageModelV3({
    doStream: async () => ({
      stream: simulateReadableStream({
        chunks: [
          { type: 'text-start', id: '1' },
          { type: 'text-delta', id: '1', delta: 'Hello' },
          { type: 'text-end', id: '1' },
          {
            type: 'finish',
            finishReason: { unified: 'stop', raw: undefined },
            usage: { inputTokens: { total: 1 }, outputTokens: { total: 1 } },
          },
        ] as never[],
      }),
    }),
  });
  const answer = (prompt: string) => {
    const live = startSpan('answer');
    return live.run(() =>
      streamText({
        model,
        prompt,
        onFinish: () => live.end(),
        onError: ({ error }) => live.fail(error),
        onAbort: () => live.fail(new DOMException('aborted', 'AbortError')),
      }),
    );
  };
  let text = '';
  for await (const part of answer('hi').textStream) text += part;
  expect([text, rows()]).toEqual(['Hello', [{ name: 'answer' }]]);
});
