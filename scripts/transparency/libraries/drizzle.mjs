import Database from 'better-sqlite3';
import { eq, inArray, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { drizzle as overProxy } from 'drizzle-orm/sqlite-proxy';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { failure } from '../entries.mjs';
import { thenables } from '../shared/thenables.mjs';

const orders = sqliteTable('orders', {
  id: integer('id').primaryKey(),
  item: text('item'),
  count: integer('count'),
});

export async function suite(kit) {
  const { trace, check } = kit;
  let queries = 0;
  const database = new Database(':memory:');
  const options = { schema: { orders }, logger: { logQuery: () => void queries++ } };
  const db = drizzle(database, options);
  db.run(sql`create table orders (id integer primary key, item text, count integer)`);
  db.insert(orders)
    .values([
      { item: 'a', count: 1 },
      { item: 'b', count: 2 },
      { item: 'c', count: 3 },
    ])
    .run();
  const asynchronous = overProxy(async (source, parameters, method) => {
    const statement = database.prepare(source);
    if (method === 'run') return { rows: [statement.run(...parameters).changes] };
    const rows = statement.raw().all(...parameters);
    return { rows: method === 'get' ? rows[0] : rows };
  }, options);
  const runs = () => queries;
  await thenables(kit, 'select', {
    make: () => db.select({ item: orders.item }).from(orders).where(eq(orders.id, 1)),
    fail: () => db.select({ x: sql`missing` }).from(orders),
    runs,
    goesUnhandled: false,
  });
  await thenables(kit, 'select, asynchronous', {
    make: () => asynchronous.select({ item: orders.item }).from(orders).where(eq(orders.id, 1)),
    fail: () => asynchronous.select({ x: sql`missing` }).from(orders),
    runs,
    goesUnhandled: false,
  });
  await thenables(kit, 'relational', {
    make: () => db.query.orders.findMany({ columns: { item: true }, where: eq(orders.id, 1) }),
    runs,
    goesUnhandled: false,
  });
  const find = trace((...ids) =>
    db.select({ item: orders.item }).from(orders).where(inArray(orders.id, ids)).$dynamic(),
  );
  await check('a builder goes on after it is returned', async () => {
    const before = queries;
    return [await find(1, 2).orderBy(orders.id).limit(1), queries - before];
  });
  await check('fluent: this is the builder', () => {
    const query = find(1);
    return query.limit(1) === query;
  });
  await check('all, get, values, run: synchronous', () => [
    find(1, 2).all(),
    find(1).get(),
    find(1).values(),
    Object.keys(find(1).toSQL()),
  ]);
  await check('toSQL', () => find(1, 2).toSQL());
  await check('prepare', async () => {
    const prepared = trace(() =>
      db
        .select()
        .from(orders)
        .where(eq(orders.id, sql.placeholder('id')))
        .prepare(),
    )();
    return [prepared.all({ id: 1 }), prepared.get({ id: 2 }), await prepared.execute({ id: 3 })];
  });
  await check('insert, update, delete, returning', async () => [
    await trace(() => db.insert(orders).values({ item: 'd', count: 4 }).returning({ item: orders.item }))(),
    await trace(() =>
      db.update(orders).set({ count: 5 }).where(eq(orders.item, 'd')).returning({ count: orders.count }),
    )(),
    await trace(() => db.delete(orders).where(eq(orders.item, 'd')).returning({ item: orders.item }))(),
  ]);
  await check('insert that is awaited without returning', async () => {
    const { changes } = await trace(() => db.insert(orders).values({ item: 'e', count: 0 }))();
    db.delete(orders).where(eq(orders.item, 'e')).run();
    return changes;
  });
  await check('a subquery', async () => {
    const inner = trace(() => db.select().from(orders).where(eq(orders.id, 2)).as('inner'))();
    return db.select({ item: inner.item }).from(inner);
  });
  await check('with', async () => {
    const inner = db
      .$with('inner')
      .as(trace(() => db.select({ id: orders.id }).from(orders).where(eq(orders.id, 1)))());
    return db.with(inner).select().from(inner);
  });
  await check('union', async () =>
    trace(() =>
      db
        .select({ id: orders.id })
        .from(orders)
        .where(eq(orders.id, 1))
        .union(db.select({ id: orders.id }).from(orders).where(eq(orders.id, 2))),
    )(),
  );
  await check('$count', async () => {
    const count = trace(() => db.$count(orders, eq(orders.id, 1)))();
    return [await count, await count];
  });
  await check('$count within a query', async () =>
    trace(() =>
      db
        .select({ n: db.$count(orders) })
        .from(orders)
        .limit(1),
    )(),
  );
  await check('sql`` is a value', async () => {
    const part = trace((id) => sql`${orders.id} = ${id}`)(2);
    return db.select({ item: orders.item }).from(orders).where(part);
  });
  await check('findFirst', async () => [
    await trace(() => db.query.orders.findFirst({ where: eq(orders.id, 1) }))(),
    await trace(() => asynchronous.query.orders.findFirst({ where: eq(orders.id, 2) }))(),
    trace(() => db.query.orders.findFirst({ where: eq(orders.id, 1) }))().sync(),
  ]);
  await check('an error: its class and cause', async () => {
    const error = await failure(() => trace(() => asynchronous.select({ x: sql`missing` }).from(orders))());
    return [error.name, error.constructor.name, error.cause?.message, error.message];
  });
  await check('an error, heard by nobody', async () => {
    void trace(() => asynchronous.select({ x: sql`missing` }).from(orders))().then(() => {});
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await check('never awaited: never run', async () => {
    const before = queries;
    find(1);
    trace(() => asynchronous.select().from(orders))();
    await new Promise((resolve) => setTimeout(resolve, 5));
    return queries - before;
  });
  await check('transactions', () => {
    const add = trace(
      (trx, ...rest) =>
        trx.insert(orders).values({ item: 'f', count: rest.length }).returning({ count: orders.count }).get()
          .count,
    );
    return [
      db.transaction((trx) => add(trx, undefined)),
      db.select().from(orders).where(eq(orders.item, 'f')).all().length,
      db.delete(orders).where(eq(orders.item, 'f')).run().changes,
    ];
  });
  await check('a transaction that is rolled back', async () => {
    const error = await failure(() =>
      db.transaction(
        trace((trx) => {
          trx.insert(orders).values({ item: 'g' }).run();
          throw new RangeError('mine');
        }),
      ),
    );
    return [error, db.select().from(orders).where(eq(orders.item, 'g')).all()];
  });
  await check('a class', async () => {
    class Orders {
      table = orders;
      all(...ids) {
        return db.select({ item: this.table.item }).from(this.table).where(inArray(this.table.id, ids));
      }
      async one(id) {
        return (await this.all(id))[0];
      }
    }
    trace.class(Orders);
    const before = queries;
    return [await new Orders().all(1, 2), await new Orders().one(3), queries - before];
  });
}
