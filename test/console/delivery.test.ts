import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { BatchSpanProcessor, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, test } from 'vitest';
import { type OutputStream, WaterfallSpanExporter } from '../../src/console/index.ts';
import { reported } from '../harness.ts';
import { drawing, endedSpan, exported } from './drawing.ts';

const broken = new Error('broken pipe');

/** A stream that answers a write when it is told to. */
function gatedStream() {
  const chunks: string[] = [];
  const answers: ((error?: Error) => void)[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, answer) => {
      chunks.push(String(chunk));
      answers.push(answer);
    },
  });
  return { stream, chunks, answers };
}

/** Listeners that a Node stream has not put there itself. */
const listeners = (stream: EventEmitter) => stream.listenerCount('error') + stream.listenerCount('close');
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const root = (name = 'root') => [endedSpan(name)];

describe('in both processors of the SDK', () => {
  test('each trace is written once, and forceFlush waits for that', async () => {
    const simple = gatedStream();
    const batch = gatedStream();
    const provider = new TracerProvider({
      spanProcessors: [
        new SimpleSpanProcessor({ exporter: new WaterfallSpanExporter({ stream: simple.stream }) }),
        new BatchSpanProcessor({ exporter: new WaterfallSpanExporter({ stream: batch.stream }) }),
      ],
    });
    provider.getTracer('test').startSpan('root').end();
    expect(simple.chunks).toHaveLength(1);
    let flushed = false;
    const flush = provider.forceFlush().then(() => (flushed = true));
    await settle();
    expect(batch.chunks).toHaveLength(1);
    expect(flushed).toBe(false);
    simple.answers[0]!();
    batch.answers[0]!();
    await flush;
    await provider.shutdown();
    expect([simple.chunks.length, batch.chunks.length]).toEqual([1, 1]);
    expect([listeners(simple.stream), listeners(batch.stream)]).toEqual([0, 0]);
  });
});

test('a picture is written before export() returns: the process may be about to crash', () => {
  const { start, seen } = drawing();
  start('first', 0).end();
  start('second', 0).end();
  expect(seen().match(/^(first|second)/gm)).toEqual(['first', 'second']);
});

test('many writes under way share their listeners, and leave none', async () => {
  const { stream, chunks, answers } = gatedStream();
  const exporter = new WaterfallSpanExporter({ stream, color: false });
  const before = listeners(stream);
  const results = Array.from({ length: 20 }, (_, i) => exported(exporter, root(`trace ${i}`)));
  expect(listeners(stream) - before).toBe(2);
  for (let i = 0; i < 20; i++) {
    answers[i]!();
    await settle();
  }
  expect(await Promise.all(results)).toEqual(Array(20).fill({ code: 0 }));
  expect(chunks.map((chunk) => /^trace \d+ /m.exec(chunk.split('\n')[1]!)?.[0])).toEqual(
    Array.from({ length: 20 }, (_, i) => `trace ${i} `),
  );
  expect(listeners(stream)).toBe(before);
});

describe('a stream that fails makes the export fail, and nothing else', () => {
  const fail = () => {
    throw broken;
  };
  /** A stream that has only what the exporter needs, and emits what it is told to after a write. */
  const emitting = (...event: [string, ...unknown[]]) => {
    const stream: EventEmitter & OutputStream = Object.assign(new EventEmitter(), {
      write: () => setImmediate(() => stream.emit(...event)),
    });
    return stream;
  };
  const failing: [string, () => OutputStream, Error][] = [
    ['throws', () => Object.assign(new EventEmitter(), { write: fail }), broken],
    ['throws, and has no events', () => ({ write: fail }), broken],
    [
      'throws something that is no error',
      () => ({
        write: () => {
          // oxlint-disable-next-line no-throw-literal
          throw 'broken';
        },
      }),
      new Error('writing failed', { cause: 'broken' }),
    ],
    ['calls back with an error', () => new Writable({ write: (_c, _e, answer) => answer(broken) }), broken],
    [
      'calls back with an error, and does not close itself',
      () => new Writable({ autoDestroy: false, write: (_c, _e, answer) => setImmediate(answer, broken) }),
      broken,
    ],
    ['emits an error', () => emitting('error', broken), broken],
    ['closes', () => emitting('close'), new Error('the stream was closed')],
    [
      'is destroyed by its owner',
      () => {
        const stream = new Writable({ write: () => setImmediate(() => stream.destroy()) });
        return stream;
      },
      new Error('the stream was closed'),
    ],
    ['has ended', () => gatedStream().stream.end(), new Error('the stream has ended')],
    ['was destroyed', () => gatedStream().stream.destroy(), new Error('the stream has ended')],
  ];
  test.each(failing)('%s', async (_how, open, error) => {
    const stream = open();
    const listening = () => (stream instanceof EventEmitter ? listeners(stream) : 0);
    const before = listening();
    const exporter = new WaterfallSpanExporter({ stream });
    expect(await exported(exporter, root())).toEqual({ code: 1, error });
    await exporter.forceFlush();
    // Time for the events that follow a failure: without a listener they are uncaught exceptions.
    await settle();
    expect(listening()).toBe(before);
    expect(reported).toEqual([]);
  });

  test('once: one that opens itself again, as the standard output does, is left alone', async () => {
    let writes = 0;
    const stream = new Writable({
      write: (_chunk, _encoding, answer) => {
        writes++;
        answer(broken);
      },
      destroy(error, destroyed) {
        destroyed(error);
        Reflect.apply(Reflect.get(this, '_undestroy'), this, []);
      },
    });
    const exporter = new WaterfallSpanExporter({ stream });
    for (let i = 0; i < 3; i++) expect(await exported(exporter, root())).toEqual({ code: 1, error: broken });
    await settle();
    expect([writes, listeners(stream), stream.writable]).toEqual([1, 0, true]);
  });

  test('at shutdown too, which reports what is lost', async () => {
    const stream = {
      write: () => {
        throw broken;
      },
    };
    const exporter = new WaterfallSpanExporter({ stream });
    expect(await exported(exporter, [endedSpan('child', { parentId: 'lost' })])).toEqual({ code: 0 });
    await exporter.shutdown();
    expect(reported).toEqual([['oncespan: the last traces could not be drawn', broken]]);
  });
});

test('a span that cannot be read makes the export fail', async () => {
  const { exporter } = drawing();
  const spanContext = () => {
    throw broken;
  };
  expect(await exported(exporter, [{ ...endedSpan('a'), spanContext }])).toEqual({ code: 1, error: broken });
});

test('a callback that throws is reported', async () => {
  const { exporter } = drawing();
  exporter.export(root(), () => {
    throw broken;
  });
  await exporter.forceFlush();
  await settle();
  expect(reported).toEqual([['oncespan: the callback of an export threw', broken]]);
});

test('after shutdown an export fails, and nothing more is written', async () => {
  const { stream, chunks, answers } = gatedStream();
  const exporter = new WaterfallSpanExporter({ stream });
  const first = exported(exporter, root());
  let ended = false;
  const shutdown = exporter.shutdown();
  expect(exporter.shutdown()).toBe(shutdown);
  void shutdown.then(() => (ended = true));
  await settle();
  expect(ended).toBe(false);
  answers[0]!();
  await shutdown;
  expect(await first).toEqual({ code: 0 });
  expect(await exported(exporter, root())).toEqual({
    code: 1,
    error: new Error('WaterfallSpanExporter has been shut down'),
  });
  expect(chunks).toHaveLength(1);
  expect(stream.writable).toBe(true);
});
