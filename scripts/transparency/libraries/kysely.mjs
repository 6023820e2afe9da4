import Database from 'better-sqlite3';
import { Kysely, sql, SqliteDialect } from 'kysely';
import { failure } from '../entries.mjs';

export async function suite({ trace, check }) {
  let queries = 0;
  const db = new Kysely({
    dialect: new SqliteDialect({ database: new Database(':memory:') }),
    log: () => void queries++,
  });
  await db.schema
    .createTable('orders')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('item', 'text')
    .addColumn('count', 'integer')
    .execute();
  await db
    .insertInto('orders')
    .values([
      { item: 'a', count: 1 },
      { item: 'b', count: 2 },
      { item: 'c', count: 3 },
    ])
    .execute();
  const words = (rows) => rows.map((row) => ({ ...row }));
  const find = trace((...ids) => db.selectFrom('orders').where('id', 'in', ids));
  await check('a builder is returned as it is', async () => {
    const query = db.selectFrom('orders');
    return [trace(() => query)() === query, typeof query.then, Object.keys(query)];
  });
  await check('immutable: each step is another', async () => {
    const query = find(1, 2);
    const narrow = query.where('count', '>', 1);
    return [
      query === narrow,
      words(await query.select('item').execute()),
      words(await narrow.select('item').execute()),
    ];
  });
  await check('execute, executeTakeFirst, executeTakeFirstOrThrow', async () => {
    const query = find(1).select(['id', 'item']);
    return [
      words(await trace(() => query.execute())()),
      { ...(await trace(() => query.executeTakeFirst())()) },
      { ...(await query.executeTakeFirstOrThrow()) },
      await failure(() => trace(() => find(99).selectAll().executeTakeFirstOrThrow())()),
    ];
  });
  await check('executeTakeFirstOrThrow with an error of one’s own', () =>
    failure(() =>
      find(99)
        .selectAll()
        .executeTakeFirstOrThrow((...args) => new RangeError(`mine ${args.length}`)),
    ),
  );
  await check('compile and toOperationNode', () => {
    const { sql: text, parameters } = find(1, 2).selectAll().compile();
    return [text, parameters, find(1).toOperationNode().kind];
  });
  await check('runs once', async () => {
    const before = queries;
    await find(1).selectAll().execute();
    return queries - before;
  });
  await check('callbacks: arguments and this', async (log) =>
    words(
      await db
        .selectFrom('orders')
        .select(
          trace(function (...args) {
            log(args.length, this === undefined);
            return [args[0].fn.countAll().as('n')];
          }),
        )
        .where(trace((builder) => builder.or([builder('id', '=', 1), builder('id', '=', 2)])))
        .execute(),
    ),
  );
  await check('$call, $if', async (log) =>
    words(
      await find(1, 2)
        .$call(
          trace((query, ...rest) => {
            log(rest.length);
            return query.select('item');
          }),
        )
        .$if(
          true,
          trace((query) => query.where('id', '=', 2)),
        )
        .execute(),
    ),
  );
  await check('a subquery', async () =>
    words(
      await db
        .selectFrom(trace(() => db.selectFrom('orders').select('item').where('id', '=', 1).as('n'))())
        .selectAll()
        .execute(),
    ),
  );
  await check('sql``', async () => {
    const { rows } = await trace((id) => sql`select item from orders where id = ${id}`.execute(db))(2);
    return words(rows);
  });
  await check('insert, update, delete', async () => [
    (await trace(() => db.insertInto('orders').values({ item: 'd', count: 4 }).executeTakeFirst())())
      .numInsertedOrUpdatedRows,
    (
      await trace(() =>
        db.updateTable('orders').set({ count: 5 }).where('item', '=', 'd').executeTakeFirst(),
      )()
    ).numUpdatedRows,
    (await trace(() => db.deleteFrom('orders').where('item', '=', 'd').executeTakeFirst())()).numDeletedRows,
  ]);
  await check('returning', async () =>
    words(
      await trace(() =>
        db.updateTable('orders').set({ count: 1 }).where('id', '=', 1).returning(['item', 'count']).execute(),
      )(),
    ),
  );
  await check('an error of the database', async () => {
    const error = await failure(() => trace(() => sql`select missing from orders`.execute(db))());
    return [error.name, error.code, error.message];
  });
  await check('an error, heard by nobody', async () => {
    void trace(() => sql`select missing from orders`.execute(db).then(() => {}))();
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await check('transactions', async () => {
    const add = trace(
      async (trx, ...rest) =>
        (
          await trx
            .insertInto('orders')
            .values({ item: 'e', count: rest.length })
            .returning('count')
            .execute()
        )[0].count,
    );
    return [
      await db.transaction().execute((trx) => add(trx, undefined)),
      await failure(() =>
        db.transaction().execute(async (trx) => {
          await add(trx);
          throw new RangeError('mine');
        }),
      ),
      (await db.deleteFrom('orders').where('item', '=', 'e').executeTakeFirst()).numDeletedRows,
    ];
  });
  await check('stream', async (log) =>
    failure(async () => {
      for await (const row of trace(() => find(1, 2).select('item').stream())()) log({ ...row });
    }),
  );
  await check('stream, left early', async (log) =>
    failure(async () => {
      for await (const row of trace(() => find(1, 2).select('item').stream())()) {
        log({ ...row });
        break;
      }
    }),
  );
  await check('a plugin that is traced', async (log) => {
    const plugin = trace.members(
      {
        transformQuery(args, ...rest) {
          log('query', rest.length, this === plugin);
          return args.node;
        },
        async transformResult(args) {
          log('result', args.result.rows.length, this === plugin);
          return args.result;
        },
      },
      ['transformQuery', 'transformResult'],
    );
    return words(
      await db.withPlugin(plugin).selectFrom('orders').select('item').where('id', '=', 1).execute(),
    );
  });
  await check('dynamic references and expressions', async () => {
    const { ref } = db.dynamic;
    return words(
      await trace((column) => db.selectFrom('orders').select(ref(column)).where('id', '=', 1))(
        'item',
      ).execute(),
    );
  });
  await check('$castTo, as, expression builders are values', async () => {
    const expression = trace(() => sql`1 + 1`.as('two'))();
    return words(await db.selectFrom('orders').select(expression).limit(1).execute());
  });
  await check('a class', async () => {
    class Orders {
      table = 'orders';
      all(...ids) {
        return db.selectFrom(this.table).where('id', 'in', ids);
      }
      async items(...ids) {
        return (
          await this.all(...ids)
            .select('item')
            .execute()
        ).map(({ item }) => item);
      }
    }
    trace.class(Orders);
    return [await new Orders().items(1, 2), words(await new Orders().all(3).select('item').execute())];
  });
  await check('the builders, traced by class', async () => {
    const query = db.selectFrom('orders');
    const Builder = query.constructor;
    trace.class(Builder);
    const before = queries;
    return [
      words(await query.select('item').where('id', 'in', [1, 2]).orderBy('id', 'desc').execute()),
      { ...(await query.selectAll().limit(1).executeTakeFirst()) },
      queries - before,
    ];
  });
  await check('destroy', async () => trace(() => db.destroy())());
}
