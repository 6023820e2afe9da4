import postgres from 'postgres';
import { createServer } from 'node:net';
import { failure } from '../entries.mjs';
import { thenables } from '../shared/thenables.mjs';

/** Enough of a server that a query is answered: one row, or an error for what mentions `missing`. */
function serve() {
  const counts = { queries: 0 };
  const message = (type, ...parts) => {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const int16 = (value) => {
    const buffer = Buffer.alloc(2);
    buffer.writeInt16BE(value);
    return buffer;
  };
  const int32 = (value) => {
    const buffer = Buffer.alloc(4);
    buffer.writeInt32BE(value);
    return buffer;
  };
  const text = (value) => Buffer.from(`${value}\0`);
  const ready = message('Z', Buffer.from('I'));
  const row = message(
    'T',
    int16(1),
    text('one'),
    int32(0),
    int16(0),
    int32(25),
    int16(-1),
    int32(-1),
    int16(0),
  );
  const data = message('D', int16(1), int32(1), Buffer.from('1'));
  const refusal = message(
    'E',
    text('SERROR'),
    text('VERROR'),
    text('C42P01'),
    text('Mrelation "missing" does not exist'),
    Buffer.from([0]),
  );
  const server = createServer((socket) => {
    let pending = Buffer.alloc(0);
    let isStarted = false;
    let isMissing = false;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const head = isStarted ? 1 : 0;
        if (pending.length < head + 4) return;
        const length = pending.readInt32BE(head) + head;
        if (pending.length < length) return;
        const type = isStarted ? String.fromCharCode(pending[0]) : 'start';
        const body = pending.subarray(head + 4, length).toString();
        pending = pending.subarray(length);
        if (type === 'start') {
          isStarted = true;
          socket.write(
            Buffer.concat([
              message('R', int32(0)),
              message('S', text('server_version'), text('16')),
              message('K', int32(1), int32(1)),
              ready,
            ]),
          );
        }
        if (type === 'P') {
          isMissing = body.includes('missing');
          if (!isMissing) socket.write(message('1'));
          else socket.write(refusal);
        }
        if (type === 'D' && !isMissing) socket.write(Buffer.concat([message('t', int16(0)), row]));
        if (type === 'B' && !isMissing) socket.write(message('2'));
        if (type === 'E' && !isMissing) {
          counts.queries++;
          socket.write(Buffer.concat([data, message('C', text('SELECT 1'))]));
        }
        if (type === 'S') socket.write(ready);
        if (type === 'Q') {
          counts.queries++;
          socket.write(
            Buffer.concat([
              ...(body.includes('missing') ? [refusal] : [row, data, message('C', text('SELECT 1'))]),
              ready,
            ]),
          );
        }
      }
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ server, counts })));
}

export async function suite(kit) {
  const { trace, check } = kit;
  const { server, counts } = await serve();
  const sql = postgres({
    host: '127.0.0.1',
    port: server.address().port,
    user: 'a',
    database: 'a',
    max: 1,
    fetch_types: false,
    onnotice() {},
    prepare: false,
  });
  const brief = (value) => (Array.isArray(value) ? value.map((row) => ({ ...row })) : value);
  const runs = () => counts.queries;
  await thenables(kit, 'query', {
    patience: 100,
    make: () => sql`select 1 as one`,
    fail: () => sql`select * from missing`,
    runs,
    brief,
  });
  await thenables(kit, 'simple query', {
    patience: 100,
    make: () => sql`select 1 as one`.simple(),
    fail: () => sql`select * from missing`.simple(),
    runs,
    brief,
  });
  await thenables(kit, 'unsafe', { patience: 100, make: () => sql.unsafe('select 1 as one'), runs, brief });
  const find = trace((id, ...rest) => sql`select 1 as one where ${id} = ${rest.length}`);
  await check('the shape', async () => {
    const query = find(1);
    const shape = [
      query.constructor.name,
      query instanceof Promise,
      ...['simple', 'values', 'raw', 'describe', 'cursor', 'forEach', 'execute', 'cancel', 'readable'].map(
        (name) => typeof query[name],
      ),
      Object.keys(query).toSorted(),
    ];
    await query;
    return shape;
  });
  await check('values(), raw()', async () => [
    [...(await find(1).values())],
    (await find(1).raw())[0][0].toString(),
  ]);
  await check('values() answers the query', async () => {
    const query = find(1);
    const same = query.values() === query;
    await query;
    return same;
  });
  await check('execute() begins it', async () => {
    const before = counts.queries;
    const query = find(1).execute();
    await new Promise((resolve) => setTimeout(resolve, 10));
    const begun = counts.queries - before;
    await query;
    return [begun, counts.queries - before];
  });
  await check('never awaited: never run', async () => {
    const before = counts.queries;
    find(1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    return counts.queries - before;
  });
  await check('forEach', async (log) => {
    const result = await find(1).forEach((row, ...rest) => log({ ...row }, rest.length));
    return result.count;
  });
  await check('the result: count, command, columns', async () => {
    const result = await find(1);
    return [
      result.count,
      result.command,
      result.columns.map(({ name }) => name),
      result.constructor.name,
      result.length,
    ];
  });
  await check('a fragment within a query', async () => {
    const part = trace((value) => sql`where 1 = ${value}`)(1);
    return brief(await sql`select 1 as one ${part}`);
  });
  await check('a fragment is never run', async () => {
    const before = counts.queries;
    trace(() => sql`where 1 = 1`)();
    await new Promise((resolve) => setTimeout(resolve, 5));
    return counts.queries - before;
  });
  await check('an error', async () => {
    const error = await failure(() => trace(() => sql`select * from missing`)());
    return [error.name, error.code, error.message, error.severity];
  });
  await check('an error, catch', () =>
    trace(() => sql`select * from missing`)().catch((...errors) => [errors.length, errors[0].code]),
  );
  await check('an error, nobody listens', async () => {
    trace(() => sql`select * from missing`)();
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await check('an error, execute() and nobody listens', async () => {
    trace(() => sql`select * from missing`.execute())();
    await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await check('transform and helpers', () => [
    typeof trace(() => sql({ a: 1 }))(),
    typeof trace(() => sql.json({ a: 1 }))(),
    trace(() => sql.array([1]))().value,
  ]);
  await check('many at once', async () => (await Promise.all([find(1), find(2), find(3)])).map(brief));
  await check('within an async function', async () => brief(await trace(async () => sql`select 1 as one`)()));
  await check('cancelled before it has begun', async () => {
    const query = find(1);
    query.cancel();
    return failure(() => Promise.race([query, new Promise((resolve) => setTimeout(resolve, 30, 'nothing'))]));
  });
  await check('sql itself, traced', async () => {
    const traced = trace(sql);
    return [brief(await traced`select 1 as one`), typeof traced.unsafe, traced.options === sql.options];
  });
  await check('a class', async () => {
    class Orders {
      connection = sql;
      all(...ids) {
        return this.connection`select 1 as one where ${ids.length} = 2`;
      }
      async first() {
        const [row] = await this.all(1, undefined);
        return { ...row };
      }
    }
    trace.class(Orders);
    return [await new Orders().first(), [...(await new Orders().all().values())]];
  });
  await trace(() => sql.end({ timeout: 1 }))();
  server.close();
}
