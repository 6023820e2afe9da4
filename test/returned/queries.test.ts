import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { trace } from '@opentelemetry/api';
import { BetterSQLiteSession } from 'drizzle-orm/better-sqlite3/session';
import { drizzle as drizzleProxy } from 'drizzle-orm/sqlite-proxy';
import { BaseSQLiteDatabase, integer, SQLiteSyncDialect, sqliteTable } from 'drizzle-orm/sqlite-core';
import { Kysely, SqliteDialect } from 'kysely';
import mongoose from 'mongoose';
import { err, ok, ResultAsync } from 'neverthrow';
import superagent from 'superagent';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { traceTask, withSpan } from '../../src/index.ts';
import { record, type SpanRow, turn } from '../harness.ts';

// Queries of real packages, by every way that leads to their result: each runs once, and its span ends with it.

const RETURNED: SpanRow = { name: 'work' };
const task = <F extends (...args: never[]) => unknown>(fn: F): F =>
  traceTask(fn, { name: 'work', flush: 'never' });
const threw = (row: SpanRow) => ({ name: row.name, failed: row.status !== undefined });

beforeEach(() => void vi.useRealTimers());

describe('Mongoose, with no server to ask', () => {
  mongoose.set('bufferCommands', false);
  const Cat = mongoose.model('Cat', new mongoose.Schema({ name: String }));
  const ways: Record<string, (query: ReturnType<typeof Cat.find>) => unknown> = {
    await: async (query) => await query,
    'exec()': (query) => query.exec(),
    'then()': (query) => query.then(String),
    'for await': async (query) => {
      for await (const cat of query) void cat;
    },
    'cursor().next()': (query) => query.cursor().next(),
    'cursor(), for await': async (query) => {
      for await (const cat of query.cursor()) void cat;
    },
    'a method more, and await': async (query) => await query.where('name').equals('Tom').limit(1),
  };
  test.each(Object.entries(ways))('%s', async (_way, use) => {
    const { rows } = record();
    const query = task(() => Cat.find())();
    expect(query.model).toBe(Cat);
    expect(query instanceof mongoose.Query).toBe(true);
    await expect(Promise.resolve(query)).rejects.toThrow('bufferCommands');
    const other = task(() => Cat.find())();
    await expect((async () => use(other))()).rejects.toThrow('bufferCommands');
    await turn();
    expect(rows().map(threw)).toEqual([
      { name: 'work', failed: true },
      { name: 'work', failed: true },
    ]);
  });
});

describe('superagent', () => {
  let server: Server;
  let url: string;
  beforeEach(async () => {
    server = createServer((request, response) => {
      response.writeHead(request.url === '/ok' ? 200 : 500);
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('end() with a callback, which gets all that it would get', async () => {
    const { rows } = record();
    for (const path of ['/ok', '/fails']) {
      const request = task(() => superagent.get(url + path))();
      const [error, response] = await new Promise<[unknown, { status: number }]>((resolve) =>
        request.end((...values) => resolve(values as never)),
      );
      expect([error !== null, response.status]).toEqual(path === '/ok' ? [false, 200] : [true, 500]);
    }
    expect(rows().map(threw)).toEqual([
      { name: 'work', failed: false },
      { name: 'work', failed: true },
    ]);
  });

  test('await, then and pipe', async () => {
    const { rows } = record();
    expect((await task(() => superagent.get(`${url}/ok`))()).status).toBe(200);
    await expect(task(() => superagent.get(`${url}/fails`))()).rejects.toThrow('Internal Server Error');
    const sink = new PassThrough();
    task(() => superagent.get(`${url}/ok`))().pipe(sink);
    let piped = '';
    for await (const chunk of sink) piped += String(chunk);
    expect(piped).toBe('{}');
    await turn();
    expect(rows().map(threw)).toEqual([
      { name: 'work', failed: false },
      { name: 'work', failed: true },
      { name: 'work', failed: false },
    ]);
  });

  test('its headers are read without sending it', async () => {
    const { rows } = record();
    const request = task(() => superagent.get(`${url}/ok`).set('x-one', '1'))();
    expect(request.get('x-one')).toBe('1');
    expect(rows()).toEqual([]);
    await request;
    expect(rows()).toEqual([RETURNED]);
  });
});

/** A promise of Prisma's: `$transaction([…])` asks each for `requestTransaction`. */
function prismaPromise(run: (transaction?: unknown) => Promise<unknown>) {
  return {
    then: (onReturned?: never, onThrew?: never) => run().then(onReturned, onThrew),
    catch: (onThrew?: never) => run().catch(onThrew),
    finally: (act?: never) => run().finally(act),
    requestTransaction: (transaction: unknown) => run(transaction),
    [Symbol.toStringTag]: 'PrismaPromise',
  };
}

test('Prisma’s $transaction([…])', async () => {
  const { rows } = record();
  const seen: unknown[] = [];
  const query = (fails: boolean) =>
    task(() =>
      prismaPromise(async (transaction) => {
        seen.push(
          transaction,
          withSpan('statement', () => trace.getActiveSpan() !== undefined),
        );
        if (fails) throw new Error('write conflict');
      }),
    )();
  await Promise.allSettled([query(false), query(true)].map((each) => each.requestTransaction({ id: 1 })));
  expect(seen).toEqual([{ id: 1 }, true, { id: 1 }, true]);
  expect(rows().map(({ name, parent }) => [name, parent])).toEqual([
    ['statement', 'work'],
    ['statement', 'work'],
    ['work', undefined],
    ['work', undefined],
  ]);
  expect(rows().filter(({ status }) => status !== undefined)).toHaveLength(1);
});

/** As better-sqlite3, which is native. */
function sqlite() {
  const db = new DatabaseSync(':memory:');
  db.exec('create table orders (id integer primary key); insert into orders values (1), (2)');
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    const wrapped = {
      reader: statement.columns().length > 0,
      all: (...bindings: unknown[]) => statement.all(...(bindings.flat() as never[])),
      get: (...bindings: unknown[]) => statement.get(...(bindings.flat() as never[])),
      run: (...bindings: unknown[]) => statement.run(...(bindings.flat() as never[])),
      *iterate(...bindings: unknown[]) {
        yield* statement.iterate(...(bindings.flat() as never[]));
      },
      raw() {
        statement.setReturnArrays(true);
        return wrapped;
      },
    };
    return wrapped;
  };
  return { prepare, close: () => db.close() };
}

describe('Kysely', () => {
  const db = new Kysely<{ orders: { id: number } }>({
    dialect: new SqliteDialect({ database: sqlite() as never }),
  });
  const select = () => db.selectFrom('orders').selectAll();
  const ways: Record<string, (query: ReturnType<typeof select>) => unknown> = {
    'execute()': (query) => query.execute(),
    'executeTakeFirst()': async (query) => [await query.executeTakeFirst()],
    'executeTakeFirstOrThrow()': async (query) => [await query.executeTakeFirstOrThrow()],
    'stream()': async (query) => {
      const read = [];
      for await (const row of query.stream()) read.push(row);
      return read;
    },
    'a method more': (query) => query.where('id', '>', 0).orderBy('id').execute(),
  };
  test.each(Object.entries(ways))('%s', async (_way, use) => {
    const { rows } = record();
    const query = task(select)();
    expect(rows()).toEqual([]);
    expect(JSON.stringify(await use(query))).toContain('{"id":1}');
    expect(rows()).toEqual([RETURNED]);
  });

  test('one that fails', async () => {
    const { rows } = record();
    const query = task(() => select().where('id', '<', 0))();
    await expect(query.executeTakeFirstOrThrow()).rejects.toThrow('no result');
    expect(rows().map(threw)).toEqual([{ name: 'work', failed: true }]);
  });
});

describe('Drizzle', () => {
  const orders = sqliteTable('orders', { id: integer('id') });
  const dialect = new SQLiteSyncDialect();
  const session = new BetterSQLiteSession(sqlite() as never, dialect, undefined, {});
  const db = new BaseSQLiteDatabase('sync', dialect, session as never, undefined);
  const select = () => db.select().from(orders);
  test('all, get and run, with a driver that answers at once', () => {
    const { rows } = record();
    expect(task(select)().all()).toEqual([{ id: 1 }, { id: 2 }]);
    expect(task(select)().get()).toEqual({ id: 1 });
    expect(task(select)().values()).toEqual([[1], [2]]);
    expect(rows()).toEqual([RETURNED, RETURNED, RETURNED]);
    const query = task(() => db.insert(orders).values({ id: 1 }))();
    expect(() => query.run()).toThrow('UNIQUE constraint failed');
    expect(rows().map(threw).at(-1)).toEqual({ name: 'work', failed: true });
  });

  test('await, execute, a method more, and looking at its SQL', async () => {
    const { rows } = record();
    const remote = drizzleProxy(async () => ({ rows: [[7]] }));
    const ask = () => remote.select().from(orders);
    expect(await task(ask)()).toEqual([{ id: 7 }]);
    expect(await task(ask)().execute()).toEqual([{ id: 7 }]);
    expect(await task(ask)().limit(1)).toEqual([{ id: 7 }]);
    const query = task(ask)();
    expect(query.toSQL().sql).toContain('select');
    expect(rows()).toEqual([RETURNED, RETURNED, RETURNED]);
    expect(await query.all()).toEqual([{ id: 7 }]);
    expect(rows()).toEqual([RETURNED, RETURNED, RETURNED, RETURNED]);
  });
});

describe('neverthrow', () => {
  const ways: Record<string, (result: ResultAsync<number, Error>) => unknown> = {
    await: async (result) => await result,
    match: (result) =>
      result.match(
        () => 1,
        () => 2,
      ),
    unwrapOr: (result) => result.unwrapOr(0),
    'map and await': async (result) => await result.map((n) => n + 1),
    'andThen and match': (result) =>
      result.andThen((n) => (n > 0 ? ok(n) : err(new Error('no')))).match(String, String),
  };
  test.each(Object.entries(ways))('%s', async (_way, use) => {
    const make = () => ResultAsync.fromSafePromise(Promise.resolve(1)) as ResultAsync<number, Error>;
    const alone = await use(make());
    const { rows } = record();
    expect(await use(task(make)())).toEqual(alone);
    expect(rows()).toEqual([RETURNED]);
  });
});

/** As the cursors of MongoDB's driver: their `next` gives documents, and who iterates one gets a generator. */
class Cursor {
  #left: number[];
  constructor(...documents: number[]) {
    this.#left = documents;
  }
  async next() {
    return this.tryNext();
  }
  async tryNext() {
    return this.#left.shift() ?? null;
  }
  async hasNext() {
    return this.#left.length > 0;
  }
  async toArray() {
    return this.#left.splice(0);
  }
  async close() {
    this.#left = [];
  }
  limit(count: number) {
    this.#left.length = count;
    return this;
  }
  async *[Symbol.asyncIterator]() {
    for (let next = await this.next(); next !== null; next = await this.next()) yield next;
  }
}

test.each<[string, (cursor: Cursor) => unknown, unknown]>([
  ['toArray', (cursor) => cursor.toArray(), [1, 2]],
  [
    'for await',
    async (cursor) => {
      const read = [];
      for await (const one of cursor) read.push(one);
      return read;
    },
    [1, 2],
  ],
  [
    'next, to the end',
    async (cursor) => {
      const read = [];
      for (let one = await cursor.next(); one !== null; one = await cursor.next()) read.push(one);
      return read;
    },
    [1, 2],
  ],
  [
    'hasNext, next and close',
    async (cursor) => {
      const read = [await cursor.hasNext(), await cursor.next()];
      await cursor.close();
      return read;
    },
    [true, 1],
  ],
])('a cursor like MongoDB’s: %s', async (_way, use, answer) => {
  const { rows } = record();
  const cursor = task(() => new Cursor(1, 2, 3))().limit(2);
  expect(rows()).toEqual([]);
  expect(await use(cursor)).toEqual(answer);
  expect(rows()).toEqual([RETURNED]);
});

test('handlers of a thenable get its this and every value, and it gets every argument', async () => {
  const { rows } = record();
  const calls: unknown[] = [];
  const deferred = {
    then(...handlers: ((...values: unknown[]) => unknown)[]) {
      calls.push(handlers.length);
      handlers[2]?.call('progress', 50);
      return handlers[0]!.call({ tag: 'context' }, 1, 2, 3);
    },
  };
  const heard: unknown[] = [];
  const handler = function (this: unknown, ...values: unknown[]) {
    heard.push([this, values]);
    return 'answer';
  };
  const traced = task(() => deferred)();
  const { then } = traced;
  expect([then.name, then.length]).toEqual(['then', 0]);
  expect(Reflect.apply(then, traced, [handler, handler, handler])).toBe('answer');
  expect([calls, heard]).toEqual([
    [3],
    [
      ['progress', [50]],
      [{ tag: 'context' }, [1, 2, 3]],
    ],
  ]);
  expect(rows()).toEqual([RETURNED]);
});

describe('a query whose methods call each other', () => {
  class Rows {
    then(tell: (rows: unknown) => unknown) {
      return Promise.resolve(['row']).then(tell);
    }
    async prepare() {
      throw new TypeError('no statement is kept');
    }
    /** With the function as it is, so where its caller is: ours is not the active span in here. */
    each(act: (row: unknown) => void) {
      this.prepare().catch(() => {});
      act('row');
      return this;
    }
    async all() {
      await turn();
      await this.prepare().catch(() => {});
      return ['row'];
    }
  }

  test('while one is called: the work is not that of the inner one', async () => {
    const { rows } = record();
    const found = task(() => new Rows())();
    expect(found.each(() => {})).toBe(found);
    await turn();
    expect(rows()).toEqual([]);
    expect(await found).toEqual(['row']);
    expect(rows()).toEqual([RETURNED]);
  });

  test('after an await', async () => {
    const { rows } = record();
    const found = task(() => new Rows())();
    expect(await found.all()).toEqual(['row']);
    expect(rows()).toEqual([RETURNED]);
  });
});

test('a query that answers by what only looks like a promise gives it out as it is', async () => {
  const { rows } = record();
  const answer = new Proxy(Promise.resolve('row'), {});
  class Rows {
    then(tell: (rows: unknown) => unknown) {
      return Promise.resolve(['row']).then(tell);
    }
    first() {
      return answer;
    }
  }
  const found = task(() => new Rows())();
  expect(found.first()).toBe(answer);
  expect(rows()).toEqual([]);
  expect(await found).toEqual(['row']);
  expect(rows()).toEqual([RETURNED]);
});
