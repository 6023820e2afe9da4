import { Duplex, type PassThrough } from 'node:stream';
import { Minipass } from 'minipass';
// @ts-expect-error without types
import * as rs2 from 'readable-stream-2';
// @ts-expect-error without types
import * as rs3 from 'readable-stream-3';
// @ts-expect-error without types
import * as rs4 from 'readable-stream-4';
import * as streamx from 'streamx';
import through2 from 'through2';
import { describe, expect, test, vi } from 'vitest';
import { traceTask } from '../../src/index.ts';
import { deferred, record, turn, unhandledDuring } from '../harness.ts';

// Streams that are not Node's own: they cover their reading, to its end or to where it is left.

const RETURNED = { name: 'work' };
const LEFT = { name: 'work', attributes: { 'oncespan.outcome': 'aborted' } };
const failure = new TypeError('no table');
const THREW = {
  name: 'work',
  status: 'ERROR no table',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: no table'],
};

interface Stream {
  on(event: string, act: (value: unknown) => void): unknown;
  emit(event: string, value?: unknown): unknown;
  destroy(error?: unknown): unknown;
  resume(): unknown;
}

const readableStream = (module: { PassThrough: typeof PassThrough }) => () => {
  const stream = new module.PassThrough();
  stream.end('all of it');
  return stream as unknown as Stream;
};

const kinds: Record<string, () => Stream> = {
  'readable-stream 2': readableStream(rs2 as never),
  'readable-stream 3': readableStream(rs3 as never),
  'readable-stream 4': readableStream(rs4 as never),
  through2: () => {
    const stream = through2();
    stream.end('all of it');
    return stream as unknown as Stream;
  },
  'a Readable of streamx': () => streamx.Readable.from(['all', 'of', 'it']) as unknown as Stream,
  'a Transform of streamx': () => {
    const stream = new streamx.Transform();
    stream.end('all of it');
    return stream as unknown as Stream;
  },
  minipass: () => {
    const stream = new Minipass();
    stream.end('all of it');
    return stream as unknown as Stream;
  },
};

async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn();
}

describe.each(Object.entries(kinds))('%s', (kind, make) => {
  const task = () => traceTask(make, { name: 'work', flush: 'never' })();

  test('read to its end', async () => {
    const { rows } = record();
    const stream = task();
    await settle();
    expect(rows()).toEqual([]);
    const read: unknown[] = [];
    stream.on('data', (chunk) => read.push(String(chunk)));
    await settle();
    expect(read.join('')).toMatch(/^all ?of ?it$/);
    expect(rows()).toEqual([RETURNED]);
  });

  test('left early', async () => {
    const { rows } = record();
    const stream = task();
    stream.destroy();
    // The second version says nothing when it is destroyed.
    if (kind === 'readable-stream 2') stream.emit('close');
    await settle();
    expect(rows()).toEqual([LEFT]);
  });

  test('failed', async () => {
    const { rows } = record();
    const stream = task();
    stream.on('error', () => {});
    stream.destroy(failure);
    await settle();
    expect(rows()).toEqual([THREW]);
  });

  test('its emit gets what it is given, and answers as ever', async () => {
    record();
    const stream = task();
    const heard = vi.fn();
    stream.on('custom', heard);
    const emit = stream.emit as (...args: unknown[]) => unknown;
    expect(emit.call(stream, 'custom', 1, 2, 3)).toBe(true);
    expect(heard.mock.calls).toEqual([[1, 2, 3]]);
    stream.resume();
    await settle();
  });
});

test('a writable of streamx is over when it has finished', async () => {
  const { rows } = record();
  const stream = traceTask(() => new streamx.Writable(), { name: 'work', flush: 'never' })();
  stream.write('some');
  await settle();
  expect(rows()).toEqual([]);
  stream.end(undefined);
  await settle();
  expect(rows()).toEqual([RETURNED]);
});

// Those of Highland, whose `toArray` and `toPromise` emit nothing.
test('a stream that emits only to who listens is a value', () => {
  const { rows } = record();
  const stream = { writable: true, emit: () => true, pipe: () => {}, observe: () => {} };
  const { emit } = stream;
  traceTask(() => stream, { name: 'work', flush: 'never' })();
  expect(rows()).toEqual([RETURNED]);
  expect(stream.emit).toBe(emit);
});

describe('as of sharp, a stream that answers by a promise', () => {
  class Image extends Duplex {
    readonly #done: Promise<unknown>;
    constructor(done: Promise<unknown>) {
      super();
      this.#done = done;
    }
    resize() {
      return this;
    }
    metadata() {
      return Promise.resolve({ width: 1 });
    }
    toBuffer(callback?: (value: unknown) => void) {
      if (callback === undefined) return this.#done;
      callback('by callback');
      return this;
    }
    toFile() {
      return this.#done;
    }
  }
  const task = (done: Promise<unknown>) =>
    traceTask(() => new Image(done), { name: 'work', flush: 'never' })();

  test.each(['toBuffer', 'toFile'] as const)('is over when that of %s is settled', async (way) => {
    const { rows } = record();
    const done = deferred<unknown>();
    const image = task(done.promise).resize();
    await image.metadata();
    const answer = image[way]();
    await turn();
    expect(rows()).toEqual([]);
    done.resolve('bytes');
    expect(await answer).toBe('bytes');
    expect(rows()).toEqual([RETURNED]);
    await expect(task(Promise.reject(failure))[way]()).rejects.toBe(failure);
    expect(rows()).toEqual([RETURNED, THREW]);
  });

  test('a rejection that nobody handles is one, as ever', async () => {
    const { rows } = record();
    expect(await unhandledDuring(() => void task(Promise.reject(failure)).toBuffer())).toEqual([failure]);
    expect(rows()).toEqual([THREW]);
  });

  test('answers the very promise, where that has members of its own', async () => {
    const { rows } = record();
    const done = Object.assign(Promise.resolve(), { cancel() {} });
    const image = task(done);
    expect(image.toBuffer()).toBe(done);
    image.destroy();
    await turn();
    expect(rows()).toEqual([LEFT]);
  });

  test('goes on where it answers itself, and takes a callback', async () => {
    const { rows } = record();
    const image = task(Promise.resolve());
    const heard: unknown[] = [];
    expect(image.toBuffer((value) => heard.push(value))).toBe(image);
    expect([heard, rows()]).toEqual([['by callback'], []]);
    image.destroy();
    await turn();
    expect(rows()).toEqual([LEFT]);
  });

  test('gets no method that it has not', async () => {
    const { rows } = record();
    const image = task(Promise.resolve());
    expect('return' in image).toBe(false);
    image.destroy();
    await turn();
    expect(rows()).toEqual([LEFT]);
  });

  test('has all of its methods back when it turns out to be a value', () => {
    const { rows } = record();
    const image = new Image(Promise.resolve());
    const again = traceTask(() => image, { name: 'work', flush: 'never' });
    again();
    expect(Object.hasOwn(image, 'toBuffer')).toBe(true);
    again();
    expect(['emit', 'toBuffer', 'toFile'].filter((key) => Object.hasOwn(image, key))).toEqual([]);
    expect(rows()).toEqual([RETURNED, RETURNED]);
  });
});
