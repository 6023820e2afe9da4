import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { trace } from '@opentelemetry/api';
import { execa } from 'execa';
import { got } from 'got';
import knex from 'knex';
// @ts-expect-error without types; the package exposes it all the same
import BetterSqlite3Client from 'knex/lib/dialects/better-sqlite3/index.js';
import ky from 'ky';
import OpenAI from 'openai';
import PQueue from 'p-queue';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { traceTask, withSpan } from '../../src/index.ts';
import { record, turn } from '../harness.ts';

// Real packages against a real server, on real timers.

const RETURNED = { name: 'work' };
/** The row of a request that the server answered with 403. */
const refused = (errorType: string, exception: string) => ({
  name: 'work',
  status: expect.stringContaining('403') as string,
  attributes: { error: true, 'error.type': errorType },
  exceptions: [expect.stringContaining(exception) as string],
});

/** Requests that arrived, as paths. */
let requests: string[] = [];
let server: Server;
let url: string;

beforeEach(async () => {
  vi.useRealTimers();
  requests = [];
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const isRefused = request.url?.includes('refused');
    response.writeHead(isRefused ? 403 : 200, { 'content-type': 'application/json', 'x-request-id': 'r1' });
    response.end(JSON.stringify({ id: 'answer' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('knex', () => {
  /** `node:sqlite` in the place of better-sqlite3, which is native; counts the statements that it prepares. */
  const statements: string[] = [];
  class Driver {
    #db = new DatabaseSync(':memory:');
    prepare(sql: string) {
      statements.push(sql);
      withSpan('prepare', () => {});
      const statement = this.#db.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (bindings: never[]) => statement.all(...bindings),
        run: (bindings: never[]) => statement.run(...bindings),
      };
    }
    close() {
      this.#db.close();
    }
  }
  class NodeSqliteClient extends BetterSqlite3Client {
    _driver() {
      return Driver;
    }
  }

  const open = async () => {
    const db = knex({
      client: NodeSqliteClient as unknown as typeof knex.Client,
      connection: { filename: ':memory:' },
      useNullAsDefault: true,
    });
    await db.schema.createTable('orders', (table) => void table.integer('id'));
    await db('orders').insert([{ id: 1 }, { id: 2 }, { id: 3 }]);
    statements.length = 0;
    return db;
  };

  test('a builder runs once, when it is awaited, as the work of the call that built it', async () => {
    const db = await open();
    const { rows } = record();
    const find = traceTask(() => db('orders').where('id', '>', 1), 'work');
    const query = find();
    await turn();
    expect(statements).toEqual([]);
    expect(await query.orderBy('id', 'desc').limit(1)).toEqual([{ id: 3 }]);
    expect(statements).toHaveLength(1);
    expect(rows()).toEqual([{ name: 'prepare', parent: 'work' }, RETURNED]);
    await db.destroy();
  });

  test('catch, asCallback, stream and clone', async () => {
    const db = await open();
    const { rows } = record();
    const find = traceTask((column: string) => db('orders').select(column), 'work');
    const failed = await find('nonsense').catch((error: Error) => error);
    expect(failed).toBeInstanceOf(Error);
    const rowsOf = await new Promise((resolve, reject) => {
      find('id').asCallback((error: Error | null, found: unknown) =>
        error ? reject(error) : resolve(found),
      );
    });
    expect(rowsOf).toHaveLength(3);
    expect(statements).toHaveLength(2);
    const query = find('id');
    expect(await query.clone().where('id', 2)).toEqual([{ id: 2 }]);
    expect(await query).toHaveLength(3);
    expect(rows().filter(({ name }) => name === 'work')).toEqual([
      {
        name: 'work',
        status: expect.stringContaining('no such column'),
        attributes: { error: true, 'error.type': 'ERR_SQLITE_ERROR' },
        exceptions: [expect.stringContaining('no such column')],
      },
      RETURNED,
      RETURNED,
    ]);
    await db.destroy();
  });

  test('in a traced transaction', async () => {
    const db = await open();
    const { rows } = record();
    const count = await traceTask(
      () =>
        db.transaction(async (trx) => {
          await traceTask(() => trx('orders').insert({ id: 4 }), 'insert')();
          return (await traceTask(() => trx('orders').select(), 'select')()).length;
        }),
      'work',
    )();
    expect(count).toBe(4);
    expect(rows().filter(({ name }) => name !== 'prepare')).toEqual([
      { name: 'insert', parent: 'work' },
      { name: 'select', parent: 'work' },
      RETURNED,
    ]);
    await db.destroy();
  });
});

describe('openai', () => {
  const make = () => {
    const client = new OpenAI({ apiKey: 'none', baseURL: url, maxRetries: 0 });
    return traceTask((path: string) => client.get(path) as ReturnType<typeof client.models.retrieve>, 'work');
  };

  test('an APIPromise that is awaited', async () => {
    const { rows } = record();
    const sent = make()('/models');
    expect(sent.constructor.name).toBe('APIPromise');
    expect(await sent).toMatchObject({ id: 'answer' });
    expect(requests).toEqual(['/models']);
    expect(rows()).toEqual([RETURNED]);
  });

  test('one that is refused', async () => {
    const { rows } = record();
    await expect(make()('/refused')).rejects.toThrow('403');
    expect(requests).toEqual(['/refused']);
    expect(rows()).toEqual([refused('Error', '403')]);
  });

  test('withResponse, asResponse and then a plain await', async () => {
    const { rows } = record();
    const sent = make()('/models');
    const { data, request_id } = await sent.withResponse();
    expect([data.id, request_id]).toEqual(['answer', 'r1']);
    expect((await sent.asResponse()).status).toBe(200);
    await sent;
    expect(requests).toEqual(['/models']);
    expect(rows()).toEqual([RETURNED]);
  });

  test('one that is refused, where only withResponse() is asked', async () => {
    const { rows } = record();
    const sent = make()('/refused');
    await expect(sent.withResponse()).rejects.toThrow('403');
    expect(requests).toEqual(['/refused']);
    expect(rows()).toEqual([refused('Error', '403')]);
  });
});

describe('got', () => {
  test('awaited, and by way of json()', async () => {
    const { rows } = record();
    const fetch = traceTask((path: string) => got(url + path, { retry: { limit: 0 } }), 'work');
    expect((await fetch('/a')).statusCode).toBe(200);
    expect(await fetch('/b').json()).toEqual({ id: 'answer' });
    await expect(fetch('/refused').text()).rejects.toThrow('403');
    expect(requests).toEqual(['/a', '/b', '/refused']);
    expect(rows()).toEqual([RETURNED, RETURNED, refused('ERR_NON_2XX_3XX_RESPONSE', 'HTTPError')]);
  });

  test('cancel()', async () => {
    const { rows } = record();
    const fetch = traceTask(() => got(url), 'work');
    const sent = fetch();
    const settled = sent.catch((error: Error) => error.name);
    sent.cancel();
    expect(await settled).toBe('CancelError');
    expect(rows()).toEqual([expect.objectContaining({ name: 'work', status: 'ERROR Promise was canceled' })]);
  });
});

test('ky: json(), and its error', async () => {
  const { rows } = record();
  const fetch = traceTask((path: string) => ky(url + path, { retry: 0 }), 'work');
  expect(await fetch('/a').json()).toEqual({ id: 'answer' });
  await expect(fetch('/refused').json()).rejects.toThrow('403');
  expect(requests).toEqual(['/a', '/refused']);
  expect(rows()).toEqual([RETURNED, refused('HTTPError', 'HTTPError')]);
});

test('execa: a subprocess that is a promise, with its streams and kill()', async () => {
  const { rows } = record();
  const run = traceTask((script: string) => execa(process.execPath, ['-e', script]), 'work');
  const printing = run('console.log(7)');
  expect(printing.pid).toBeGreaterThan(0);
  expect((await printing).stdout).toBe('7');
  const failing = run('process.exit(3)');
  await expect(failing).rejects.toMatchObject({ exitCode: 3 });
  const hanging = run('setInterval(() => {}, 1000)');
  hanging.kill();
  await expect(hanging).rejects.toMatchObject({ isTerminated: true });
  const iterated: string[] = [];
  for await (const line of run('console.log("a\\nb")')) iterated.push(line);
  expect(iterated).toEqual(['a', 'b']);
  expect(rows().map(({ status }) => status?.slice(0, 30))).toEqual([
    undefined,
    'ERROR Command failed with exit',
    'ERROR Command was killed with ',
    undefined,
  ]);
});

test('p-queue: a task that returns a lazy thenable', async () => {
  const { rows } = record();
  const seen: unknown[] = [];
  const lazy = {
    then(ok: (value: number) => void) {
      seen.push(trace.getActiveSpan());
      ok(7);
    },
  };
  const queue = new PQueue({ concurrency: 1 });
  expect(await queue.add(traceTask(() => lazy as unknown as number, 'work'))).toBe(7);
  expect(seen).toHaveLength(1);
  expect(rows()).toEqual([RETURNED]);
});
