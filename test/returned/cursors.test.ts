import { trace } from '@opentelemetry/api';
import mongoose from 'mongoose';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { traceTask, withSpan } from '../../src/index.ts';
import { record, type SpanRow, turn, unhandledDuring } from '../harness.ts';

// Cursors of Mongoose are Node streams that are stepped by `next()`: they then emit nothing, and never close.

const RETURNED: SpanRow = { name: 'work' };
const failure = new TypeError('no reply');
const THREW: SpanRow = {
  name: 'work',
  status: 'ERROR no reply',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: no reply'],
};

interface Task {
  n: number;
  done: boolean;
}
const schema = new mongoose.Schema<Task>({ n: Number, done: Boolean });
const Model = mongoose.model('Task', schema);

/** The span that each step asks the database in. */
let asked: unknown[] = [];
/** What the database has. */
let documents: object[] = [];
/** Whether it fails after that. */
let isFailing = false;

beforeEach(() => {
  vi.useRealTimers();
  asked = [];
  documents = [1, 2].map((n) => ({ _id: new mongoose.Types.ObjectId(), n, done: true }));
  isFailing = false;
  const raw = () => ({
    async next() {
      asked.push((trace.getActiveSpan() as { name?: string } | undefined)?.name);
      const document = documents.shift();
      if (document === undefined && isFailing) throw failure;
      return document ?? null;
    },
    close: async () => {},
    on() {},
  });
  const collection = { _shouldBufferCommands: () => false, find: raw, aggregate: raw };
  Object.assign(Model.collection, collection);
});

type Step = { n: number } | null;
interface Cursor {
  next(): Promise<Step>;
  eachAsync(act: (one: { n: number }) => unknown): Promise<unknown>;
}

async function stepped(cursor: Cursor): Promise<number[]> {
  const all: number[] = [];
  for (let one = await cursor.next(); one !== null; one = await cursor.next()) all.push(one.n);
  return all;
}

async function looped(found: AsyncIterable<{ n: number }>): Promise<number[]> {
  const all: number[] = [];
  for await (const { n } of found) all.push(n);
  return all;
}

async function handedOut(cursor: Cursor): Promise<number[]> {
  const all: number[] = [];
  await cursor.eachAsync(({ n }) => all.push(n));
  return all;
}

const task = <T extends object>(make: () => T): T => traceTask(make, { name: 'work', flush: 'never' })();

const ways: Record<string, () => Promise<number[]>> = {
  'a query, for await': () => looped(task(() => Model.find())),
  'a query, cursor().next()': () => stepped(task(() => Model.find()).cursor()),
  'a query, cursor().next(), of plain objects': () =>
    stepped(task(() => Model.find().lean()).cursor() as unknown as Cursor),
  'a query, cursor().eachAsync()': () => handedOut(task(() => Model.find()).cursor()),
  'a query, cursor(), for await': () => looped(task(() => Model.find()).cursor()),
  'a cursor, for await': () => looped(task(() => Model.find().cursor())),
  'a cursor, next()': () => stepped(task(() => Model.find().cursor())),
  'a cursor, eachAsync()': () => handedOut(task(() => Model.find().cursor())),
  'a cursor, toArray() of Node’s': async () => {
    const all = await task(() => Model.find().cursor()).toArray();
    return (all as { n: number }[]).map(({ n }) => n);
  },
  'a cursor, its events': () =>
    new Promise((resolve, reject) => {
      const all: number[] = [];
      task(() => Model.find().cursor())
        .on('data', ({ n }: { n: number }) => all.push(n))
        .on('error', reject)
        .on('end', () => resolve(all));
    }),
  'an aggregate, for await': () => looped(task(() => Model.aggregate<Task>([{ $match: {} }]))),
  'an aggregate, cursor().next()': () =>
    stepped(task(() => Model.aggregate<Task>([{ $match: {} }])).cursor() as unknown as Cursor),
};

describe.each(Object.entries(ways))('%s', (_way, use) => {
  test('ends the span at the last document', async () => {
    const { rows } = record();
    expect(await use()).toEqual([1, 2]);
    await turn();
    expect(rows()).toEqual([RETURNED]);
  });

  test('fails the span where a later step fails', async () => {
    isFailing = true;
    const { rows } = record();
    await expect(use()).rejects.toBe(failure);
    await turn();
    expect(rows()).toEqual([THREW]);
  });
});

test.each([{ n: 1, done: true }, { n: 1 }, { done: false }])(
  '%j is a document, and not the end',
  async (document) => {
    const { rows } = record();
    documents = [document];
    const cursor = task(() => Model.find().lean().cursor()) as unknown as Cursor;
    expect(await cursor.next()).toEqual(document);
    expect(rows()).toEqual([]);
    expect(await cursor.next()).toBe(null);
    expect(rows()).toEqual([RETURNED]);
  },
);

test('a loop that is left by break ends the span there, as with any iterator', async () => {
  const { rows } = record();
  for await (const _ of task(() => Model.find())) break;
  const cursor = task(() => Model.find().cursor());
  for await (const { n } of cursor) if (n === 2) break;
  expect(rows()).toEqual([RETURNED, RETURNED]);
  expect(Object.keys(cursor)).not.toContain('return');
});

test('steps run in the context of the span, and what eachAsync calls where its caller is', async () => {
  const { rows } = record();
  await withSpan('request', async () => {
    const cursor = task(() => Model.find().cursor());
    await cursor.next();
    await cursor.next();
    expect(asked).toEqual(['work', 'work']);
    documents.push({ n: 3 });
    await cursor.eachAsync(() => withSpan('mine', () => {}));
  });
  expect(rows()).toEqual([
    { name: 'mine', parent: 'request' },
    { ...RETURNED, parent: 'request' },
    { name: 'request' },
  ]);
});

test('a failure that nobody handles is one, as ever', async () => {
  isFailing = true;
  const { rows } = record();
  const cursor = task(() => Model.find().cursor());
  await cursor.next();
  await cursor.next();
  expect(await unhandledDuring(() => void cursor.next())).toEqual([failure]);
  expect(rows()).toEqual([THREW]);
});

test('one that is closed has been left', async () => {
  const { rows } = record();
  const cursor = task(() => Model.find().cursor());
  await cursor.next();
  await cursor.close();
  await turn();
  expect(rows()).toEqual([{ name: 'work', attributes: { 'oncespan.outcome': 'aborted' } }]);
});
