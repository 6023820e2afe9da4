import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import {
  Agent,
  type ClientRequest,
  createServer,
  get,
  IncomingMessage,
  request,
  type RequestOptions,
  type Server,
  ServerResponse,
} from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { Duplex, PassThrough, pipeline, Readable, Transform, Writable } from 'node:stream';
import { pipeline as pipelined } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { liveSpans, traceTask } from '../../src/index.ts';
import { caught, record, reported, type SpanRow, turn } from '../harness.ts';

const failure = new TypeError('no disk');
const RETURNED: SpanRow = { name: 'work' };
const LEFT: SpanRow = { name: 'work', attributes: { 'oncespan.outcome': 'aborted' } };
const THREW: SpanRow = {
  name: 'work',
  status: 'ERROR no disk',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: no disk'],
};

const closed = (stream: Readable | Writable) =>
  new Promise<void>((resolve) => void stream.once('close', resolve));

async function collect(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

const source = () => Readable.from(['a', 'b']);
const sink = () => new Writable({ write: (_chunk, _encoding, next) => next() });
const failingSource = () =>
  new Readable({
    read() {
      this.destroy(failure);
    },
  });
const failingSink = () => new Writable({ write: (_chunk, _encoding, next) => next(failure) });
const upper = () =>
  new Transform({ transform: (chunk, _encoding, next) => next(null, String(chunk).toUpperCase()) });

type Stream = Readable & Writable;
const endings: Record<string, [() => unknown, (stream: Stream) => unknown, SpanRow]> = {
  'a Readable, read to its end by for await': [
    source,
    async (stream) => expect(await collect(stream)).toBe('ab'),
    RETURNED,
  ],
  'a Readable, read to its end by listeners': [
    source,
    async (stream) => {
      stream.on('data', () => {});
      await closed(stream);
    },
    RETURNED,
  ],
  'a Readable, piped': [
    source,
    async (stream) => {
      stream.pipe(sink());
      await closed(stream);
    },
    RETURNED,
  ],
  'a Readable, left by break': [
    source,
    async (stream) => {
      // oxlint-disable-next-line no-unreachable-loop
      for await (const _ of stream) break;
    },
    LEFT,
  ],
  'a Readable, destroyed': [source, (stream) => closed(stream.destroy()), LEFT],
  'a Readable, destroyed with an error': [
    source,
    async (stream) => {
      stream.on('error', () => {});
      await closed(stream.destroy(failure));
    },
    THREW,
  ],
  'a Readable that fails': [failingSource, (stream) => expect(collect(stream)).rejects.toBe(failure), THREW],
  'a file': [
    () => createReadStream(fileURLToPath(import.meta.url)),
    async (stream) => expect(await collect(stream)).toContain('a file'),
    RETURNED,
  ],
  'a Writable, ended': [sink, (stream) => closed(stream.end('a')), RETURNED],
  'a Writable that ends well, and fails to close': [
    () =>
      new Writable({
        write: (_chunk, _encoding, next) => next(),
        destroy: (_error, next) => next(failure),
      }),
    async (stream) => {
      stream.on('error', () => {});
      await closed(stream.end('a'));
    },
    THREW,
  ],
  'a Writable, destroyed': [sink, (stream) => closed(stream.destroy()), LEFT],
  'a Writable that fails': [
    failingSink,
    async (stream) => {
      stream.on('error', () => {});
      stream.write('a');
      await closed(stream);
    },
    THREW,
  ],
  'a Writable, as the sink of a pipeline': [sink, (stream) => pipelined(source(), stream), RETURNED],
  'a Writable, as the sink of a pipeline that fails': [
    sink,
    (stream) => expect(pipelined(failingSource(), stream)).rejects.toBe(failure),
    THREW,
  ],
  'a Duplex, in the middle of a pipeline': [
    createGzip,
    (stream) => pipelined(source(), stream, sink()),
    RETURNED,
  ],
  'a Duplex in the middle of a pipeline, whose sink fails': [
    upper,
    (stream) => expect(pipelined(source(), stream, failingSink())).rejects.toBe(failure),
    THREW,
  ],
  'a Duplex that only reads': [
    () => Duplex.from(source()),
    async (stream) => expect(await collect(stream)).toBe('ab'),
    RETURNED,
  ],
  'a Duplex whose reading nobody ends': [
    () => new PassThrough(),
    async (stream) => {
      stream.end('a');
      await turn();
      await closed(stream.destroy());
    },
    LEFT,
  ],
  'a pipeline, which is its last stream': [
    () => pipeline(source(), upper(), () => {}),
    async (stream) => expect(await collect(stream)).toBe('AB'),
    RETURNED,
  ],
  'a Readable that does not destroy itself, at its end': [
    () =>
      new Readable({
        autoDestroy: false,
        read() {
          this.push(null);
        },
      }),
    async (stream) => {
      stream.resume();
      await new Promise<void>((resolve) => void stream.once('end', resolve));
    },
    RETURNED,
  ],
  'a Duplex that does not destroy itself, at both its ends': [
    () => new PassThrough({ autoDestroy: false }),
    async (stream) => {
      stream.resume();
      stream.end('a');
      await new Promise<void>((resolve) => void stream.once('end', resolve));
    },
    RETURNED,
  ],
  'a Readable that does not destroy itself, at its failure': [
    () =>
      new Readable({
        autoDestroy: false,
        read() {
          this.emit('error', failure);
        },
      }),
    async (stream) => {
      const heard = new Promise<unknown>((resolve) => void stream.once('error', resolve));
      stream.resume();
      expect(await heard).toBe(failure);
    },
    THREW,
  ],
};

describe('the span covers', () => {
  test.each(Object.entries(endings))('%s', async (_what, [make, use, row]) => {
    const { rows } = record();
    const stream = make() as Stream;
    const listeners = () => stream.eventNames().map((name) => [name, stream.listenerCount(name)]);
    const before = [listeners(), Object.keys(stream)];
    expect(traceTask(() => stream as object, 'work')()).toBe(stream);
    expect([listeners(), Object.keys(stream)]).toEqual(before);
    await turn();
    expect(rows()).toEqual([]);
    await use(stream);
    await turn();
    expect(rows()).toEqual([row]);
  });
});

test('an error that nobody listens to crashes as before', async () => {
  const { rows } = record();
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const crash = new Promise<unknown>((resolve) => process.once('uncaughtException', resolve));
  traceTask(source, 'work')().destroy(failure);
  expect(await crash).toBe(failure);
  for (const other of others) process.on('uncaughtException', other);
  expect(rows()).toEqual([THREW]);
});

test('one that has closed already', async () => {
  const { rows } = record();
  const done = source().destroy();
  await closed(done);
  const failed = source();
  failed.on('error', () => {});
  await closed(failed.destroy(failure));
  for (const stream of [done, failed]) traceTask(() => stream, 'work')();
  expect(rows()).toEqual([LEFT, THREW]);
});

test('the span is that of the traced call that made it, and of those around it', async () => {
  const { rows } = record();
  const inner = traceTask(source, 'inner');
  const outer = traceTask(() => traceTask(inner, 'middle')(), 'outer');
  const stream = outer();
  expect(rows()).toEqual([]);
  await collect(stream);
  expect(rows()).toEqual([
    { name: 'inner', parent: 'middle' },
    { name: 'middle', parent: 'outer' },
    { name: 'outer' },
  ]);
});

test('one that is over before the outer call returns', async () => {
  const { rows } = record();
  const done = source().destroy();
  await closed(done);
  traceTask(() => traceTask(() => done, 'inner')(), 'outer')();
  expect(rows()).toEqual([
    { ...LEFT, name: 'inner', parent: 'outer' },
    { ...LEFT, name: 'outer' },
  ]);
});

test('resultAttributes get the stream at its end', async () => {
  const { rows } = record();
  const path = fileURLToPath(new URL('./node-streams.test.ts', import.meta.url));
  const stream = traceTask(() => createReadStream(path), {
    name: 'work',
    resultAttributes: (read) => ({ whole: read.bytesRead > 1000 }),
  })();
  await collect(stream);
  expect(rows()).toEqual([{ name: 'work', attributes: { whole: true } }]);
});

describe('what was out before the call is a value', () => {
  test('10,000 calls that return one long-lived stream leave no listener, no live span and no warning', async () => {
    const { spans } = record();
    const warnings: unknown[] = [];
    const hear = (warning: unknown) => void warnings.push(warning);
    process.on('warning', hear);
    const stream = new PassThrough();
    const before = [stream.eventNames(), Object.getOwnPropertyNames(stream)];
    const output = traceTask(() => stream, 'work');
    for (let i = 0; i < 10_000; i++) output();
    expect(liveSpans()).toEqual([]);
    expect(spans()).toHaveLength(10_000);
    expect([stream.eventNames(), Object.getOwnPropertyNames(stream)]).toEqual(before);
    await turn();
    process.off('warning', hear);
    expect([warnings, reported]).toEqual([[], []]);
    stream.destroy();
  });

  test('process.stdout, from the first call on', () => {
    const { rows } = record();
    traceTask(() => process.stdout, 'work')();
    expect(rows()).toEqual([RETURNED]);
    expect(Object.hasOwn(process.stdout, 'emit')).toBe(false);
  });

  test('a long-lived one that seemed to be made by a call: that call’s span ends as of its return', () => {
    const { spans } = record();
    const stream = new PassThrough();
    const output = traceTask(() => stream, 'work');
    output();
    const before = performance.now() + performance.timeOrigin;
    output();
    expect(spans()).toHaveLength(2);
    const [seconds, nanoseconds] = spans()[0]!.endTime;
    expect(seconds * 1e3 + nanoseconds / 1e6).toBeLessThanOrEqual(before);
    stream.destroy();
  });

  test('this, of a fluent method', () => {
    const { rows } = record();
    class Log extends PassThrough {
      line = traceTask(function (this: Log) {
        return this;
      }, 'work');
    }
    const log = new Log();
    expect(log.line()).toBe(log);
    expect(rows()).toEqual([RETURNED]);
    log.destroy();
  });

  test('covers: call', () => {
    const { rows } = record();
    const stream = traceTask(source, { name: 'work', covers: 'call' })();
    expect(rows()).toEqual([RETURNED]);
    stream.destroy();
  });
});

test('what emits and is no stream is a value; a write stream is one', async () => {
  const { rows } = record();
  traceTask(() => ({ emit: () => true, on: () => {} }), 'emitter')();
  expect(rows()).toEqual([{ name: 'emitter' }]);
  await closed(traceTask(() => createWriteStream('/dev/null'), 'file')().end('a'));
  expect(rows()).toEqual([{ name: 'emitter' }, { name: 'file' }]);
  expect(
    caught(() =>
      traceTask(() => {
        throw failure;
      }, 'thrown')(),
    ),
  ).toBe(failure);
});

test('the output of a process that is read to its end has returned, though a socket has another side', async () => {
  const { rows } = record();
  const output = traceTask(() => spawn('echo', ['hi']).stdout, 'work')();
  expect(await collect(output)).toBe('hi\n');
  if (!output.closed) await closed(output);
  expect(rows()).toEqual([RETURNED]);
});

test.each<[string, (stream: Readable) => Readable]>([
  // As Express does with requests and responses.
  [
    'is given another prototype',
    (stream) => Object.setPrototypeOf(stream, Object.create(Readable.prototype) as object) as Readable,
  ],
  ['is behind a proxy', (stream) => new Proxy(stream, {})],
  ['is inherited from', (stream) => Object.create(stream) as Readable],
])('a stream that %s is heard, and keeps the prototype of its class until then', async (_how, changed) => {
  const { rows } = record();
  const stream = traceTask(source, 'work')();
  expect(Object.getPrototypeOf(stream)).toBe(Readable.prototype);
  const ended = closed(stream);
  changed(stream).resume();
  await ended;
  expect(rows()).toEqual([RETURNED]);
});

test('emit answers whether anybody listens, as ever', async () => {
  record();
  const stream = traceTask(source, 'work')();
  stream.on('mine', () => {});
  expect([stream.emit('mine'), stream.emit('yours')]).toEqual([true, false]);
  await closed(stream.destroy());
});

test('what others have put over the instruments stays when they are taken out', async () => {
  const { rows } = record();
  const stream = traceTask(() => new PassThrough(), 'first')();
  const ours = stream.emit;
  const theirs = function (this: PassThrough, ...args: Parameters<typeof ours>) {
    return Reflect.apply(ours, this, args);
  };
  stream.emit = theirs;
  traceTask(() => stream, 'second')();
  expect(rows()).toEqual([{ name: 'first' }, { name: 'second' }]);
  expect(stream.emit).toBe(theirs);
  await closed(stream.destroy());
});

describe('a request over HTTP is over when its response is', () => {
  const RESET: SpanRow = {
    name: 'work',
    status: expect.stringMatching(/^ERROR (socket hang up|aborted|read ECONNRESET)$/) as string,
    attributes: { error: true, 'error.type': 'ECONNRESET' },
    exceptions: [expect.stringMatching(/^Error: /) as string],
  };
  let server: Server;
  let port: number;
  beforeEach(async () => {
    vi.useRealTimers();
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  /** A traced request, when the server has it. */
  async function ask(options: RequestOptions = {}) {
    const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const sent = traceTask(() => get({ agent: false, ...options, host: '127.0.0.1', port }), {
      name: 'work',
      flush: 'never',
    })();
    if (!sent.writableFinished) await once(sent, 'finish');
    const [, answer] = await asked;
    return { sent, answer };
  }

  /** What it is answered, once its first bytes are there. */
  async function answered({ sent, answer }: Awaited<ReturnType<typeof ask>>): Promise<IncomingMessage> {
    answer.writeHead(200, { 'content-length': 100 });
    answer.write('some');
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return response;
  }

  const gone = (sent: ClientRequest) => sent.closed || once(sent, 'close');

  test('read to its end', async () => {
    const { rows } = record();
    const { sent, answer } = await ask();
    expect(rows()).toEqual([]);
    answer.end('all of it');
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(rows()).toEqual([]);
    expect(await collect(response)).toBe('all of it');
    await gone(sent);
    expect(rows()).toEqual([RETURNED]);
  });

  test('wanted by nobody', async () => {
    const { rows } = record();
    const { sent, answer } = await ask();
    answer.end('all of it');
    await gone(sent);
    expect(rows()).toEqual([RETURNED]);
  });

  test('over a connection that is kept', async () => {
    const { rows } = record();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const expected of [[RETURNED], [RETURNED, RETURNED]]) {
      const { sent, answer } = await ask({ agent });
      answer.end('all of it');
      await gone(sent);
      expect(rows()).toEqual(expected);
    }
    agent.destroy();
  });

  test('reset before the answer', async () => {
    const { rows } = record();
    const { sent, answer } = await ask();
    const failed = once(sent, 'error');
    answer.destroy();
    await failed;
    expect(rows()).toEqual([RESET]);
  });

  test('reset in the midst of it', async () => {
    const { rows } = record();
    const asked = await ask();
    const response = await answered(asked);
    const read = collect(response);
    expect(rows()).toEqual([]);
    asked.answer.destroy();
    await expect(read).rejects.toThrow('aborted');
    await gone(asked.sent);
    expect(rows()).toEqual([RESET]);
  });

  test('destroyed before the answer, which Node says as a reset', async () => {
    const { rows } = record();
    const { sent } = await ask();
    const failed = once(sent, 'error');
    sent.destroy();
    await failed;
    expect(rows()).toEqual([RESET]);
  });

  test('left by who reads the answer', async () => {
    const { rows } = record();
    const asked = await ask();
    const response = await answered(asked);
    response.destroy();
    await gone(asked.sent);
    expect(rows()).toEqual([LEFT]);
  });

  test('aborted', async () => {
    const { rows } = record();
    const abort = new AbortController();
    const { sent } = await ask({ signal: abort.signal });
    const failed = once(sent, 'error');
    abort.abort(failure);
    await failed;
    expect(rows()).toEqual([
      expect.objectContaining({ attributes: { error: true, 'error.type': 'ABORT_ERR' } }),
    ]);
  });

  test('refused', async () => {
    const { rows } = record();
    const sent = traceTask(() => request({ host: '127.0.0.1', port: 0 }), { name: 'work', flush: 'never' })();
    await once(sent, 'error');
    expect(rows()).toEqual([expect.objectContaining({ exceptions: [expect.stringContaining('connect')] })]);
  });

  test('a response that is written here has been written', async () => {
    const { rows } = record();
    const { sent, answer } = await ask({ method: 'POST' });
    const respond = traceTask(() => answer.end('all of it'), { name: 'answer', flush: 'never' });
    respond();
    await Promise.all([gone(sent), answer.closed || once(answer, 'close')]);
    expect(
      rows()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['answer', 'work']);
  });

  test('a response that is written here, whose client goes', async () => {
    const { rows } = record();
    const { sent, answer } = await ask();
    const respond = traceTask(() => answer.writeHead(200), { name: 'answer', flush: 'never' });
    respond().write('some');
    const closing = once(answer, 'close');
    sent.on('error', () => {}).destroy();
    await closing;
    await gone(sent);
    expect(rows()).toContainEqual({ ...LEFT, name: 'answer' });
  });
});

test('a request that was received does not fail by its response, which Express puts on it', async () => {
  const { rows } = record();
  const received = Object.assign(source(), { res: { complete: false, errored: failure } });
  await collect(traceTask(() => received, 'work')());
  await turn();
  expect(rows()).toEqual([RETURNED]);
});

test('a response over no connection, as in tests of Fastify’s, has been written when it has finished', async () => {
  const { rows } = record();
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  response.assignSocket(Object.assign(sink(), { _httpMessage: null }) as unknown as Socket);
  traceTask(() => response.end('all of it'), { name: 'work', flush: 'never' })();
  await once(response, 'finish');
  expect(rows()).toEqual([RETURNED]);
});
