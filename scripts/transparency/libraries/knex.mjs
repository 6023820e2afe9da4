import knex from 'knex';
import { failure } from '../entries.mjs';
import { thenables } from '../shared/thenables.mjs';

export async function suite(kit) {
  const { trace, check } = kit;
  const db = knex({
    client: 'better-sqlite3',
    connection: { filename: ':memory:' },
    useNullAsDefault: true,
    pool: { min: 1, max: 1 },
  });
  await db.schema.createTable('orders', (table) => {
    table.increments('id');
    table.string('item');
    table.integer('count');
  });
  await db('orders').insert([
    { item: 'a', count: 1 },
    { item: 'b', count: 2 },
    { item: 'c', count: 3 },
  ]);
  let queries = 0;
  db.on('query', () => queries++);
  const words = (rows) =>
    Array.isArray(rows) ? rows.map((row) => (Object(row) === row ? { ...row } : row)) : rows;
  await thenables(kit, 'query', {
    make: () => db('orders').where('id', 1).select('item'),
    fail: () => db('nowhere').select(),
    runs: () => queries,
    brief: words,
    goesUnhandled: false,
  });
  await thenables(kit, 'raw', {
    make: () => db.raw('select 1 as one'),
    fail: () => db.raw('select nothing'),
    runs: () => queries,
    brief: words,
    goesUnhandled: false,
  });
  await thenables(kit, 'schema', {
    make: () => db.schema.hasTable('orders'),
    runs: () => queries,
    goesUnhandled: false,
  });

  const orders = trace((...args) => db('orders').whereIn('id', args));
  await check('a builder goes on after it is returned', async () => {
    const before = queries;
    const rows = await orders(1, 2).where('count', '>', 1).orderBy('id').select('item', 'count');
    return [words(rows), queries - before];
  });
  await check('fluent: this is the builder', () => {
    const query = orders(1);
    return [query.where('a', 1) === query, query.select('item') === query];
  });
  await check('clone is a query of its own', async () => {
    const query = orders(1, 2, 3);
    const one = query.clone().first('item');
    const two = query.clone().count({ n: '*' });
    return [words([await one]), words(await two), words(await query.select('id'))];
  });
  await check('toString and toSQL', () => [
    orders(1, 2).toString(),
    orders(1).toSQL().sql,
    orders(1).toSQL().toNative().bindings,
    String(db('orders').where('id', orders(1).select('id'))),
  ]);
  await check('a query within a query', async () =>
    words(
      await db('orders')
        .whereIn('id', trace(() => db('orders').select('id').where('count', '>', 1))())
        .select('item'),
    ),
  );
  await check('as: a column, from', async () =>
    words(await db.select('n.item').from(trace(() => db('orders').where('id', 2).as('n'))())),
  );
  await check('first, pluck', async () => [
    words([await orders(1).first()]),
    await orders(1, 2).pluck('item'),
  ]);
  await check('insert, update, del', async () => [
    await trace(() => db('orders').insert({ item: 'd', count: 4 }))(),
    await trace(() => db('orders').where('item', 'd').update({ count: 5 }))(),
    await trace(() => db('orders').where('item', 'd').del())(),
  ]);
  await check('an error of the database', async () => {
    const error = await failure(() => trace(() => db('orders').select('missing'))());
    return [error.name, error.code, error.message];
  });
  await check('catch and finally on the builder', async (log) => {
    const value = await trace(() => db('nowhere'))()
      .catch((error, ...rest) => ['caught', error.code, rest.length])
      .finally((...args) => log('finally', args.length));
    return value;
  });
  await check('events of the builder', async (log) => {
    const query = orders(1);
    const answer = query
      .on('query-response', (response, given, builder) => log('response', words(response), builder === query))
      .on('query', ({ sql }) => log(sql));
    await query;
    return answer === query;
  });
  await check('asCallback', async (log) => {
    await new Promise((resolve) =>
      orders(1)
        .select('item')
        .asCallback((error, rows, ...rest) => {
          log(error, words(rows), rest.length);
          resolve();
        }),
    );
    await new Promise((resolve) =>
      trace(() => db('nowhere'))().asCallback((error) => {
        log(error.code);
        resolve();
      }),
    );
  });
  await check('a stream', async (log) => {
    const stream = trace(() => db('orders').select('item').stream())();
    for await (const row of stream) log({ ...row });
  });
  await check('a stream, left early', async (log) => {
    for await (const row of trace(() => db('orders').select('item').stream())()) {
      log({ ...row });
      break;
    }
    return words(await orders(1).select('item'));
  });
  await check('stream of a builder that a traced function made', async (log) => {
    for await (const row of orders(1, 2).select('item').stream()) log({ ...row });
  });
  await check('transactions', async () => {
    const move = trace(async (trx, ...rest) => {
      await trx('orders').insert({ item: 'e', count: rest.length });
      return words(await trx('orders').where('item', 'e').select('count'));
    });
    return [
      await db.transaction((trx) => move(trx, undefined)),
      await failure(() =>
        db.transaction(async (trx) => {
          await move(trx);
          throw new RangeError('mine');
        }),
      ),
      await db('orders').where('item', 'e').del(),
    ];
  });
  await check('a transaction that a traced function hands out', async () => {
    const trx = await trace(() => db.transaction())();
    await trx('orders').insert({ item: 'f', count: 0 });
    const before = trx.isCompleted();
    await trx.rollback();
    return [before, trx.isCompleted(), typeof trx.executionPromise?.then];
  });
  await check('transacting', async () => {
    const trx = await db.transaction();
    const rows = await orders(1).transacting(trx).select('item');
    await trx.commit();
    return words(rows);
  });
  await check('timeout', async () => words(await orders(1).select('item').timeout(1000)));
  await check('never awaited: never run', async () => {
    const before = queries;
    orders(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return queries - before;
  });
  await check('conditions given as a function: this', async () =>
    words(
      await db('orders')
        .where(
          trace(function (...args) {
            this.where('id', 1).orWhere('id', args.length + 1);
          }),
        )
        .select('id'),
    ),
  );
  await check('modify: arguments', async () =>
    words(
      await db('orders')
        .modify(
          trace(function (query, ...rest) {
            query.whereIn('id', rest);
          }),
          1,
          2,
        )
        .select('id'),
    ),
  );
  await check('a class', async () => {
    class Orders {
      table = 'orders';
      all(...ids) {
        return db(this.table).whereIn('id', ids).select('item');
      }
      async one(id) {
        const row = await this.all(id).first();
        return { ...row };
      }
    }
    trace.class(Orders);
    const repository = new Orders();
    const before = queries;
    return [words(await repository.all(1, 2)), await repository.one(3), queries - before];
  });
  await check('knex itself, as a function', async () => {
    const traced = trace(db);
    return [
      words(await traced('orders').where('id', 1).select('item')),
      typeof traced.raw,
      traced.client === db.client,
    ];
  });
  await db.destroy();
}
