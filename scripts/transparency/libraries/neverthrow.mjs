import * as neverthrow from 'neverthrow';
import { failure } from '../entries.mjs';
import { thenables } from '../shared/thenables.mjs';

const { ResultAsync, err, errAsync, ok, okAsync } = neverthrow;
const words = (result) => (result.isOk() ? ['ok', result.value] : ['err', result.error]);

export async function suite(kit) {
  const { trace, check } = kit;
  await thenables(kit, 'ResultAsync', {
    make: () => okAsync(7),
    brief: (value) => (value instanceof neverthrow.Ok ? words(value) : value),
  });
  await thenables(kit, 'ResultAsync of a promise', {
    make: () => new ResultAsync(new Promise((resolve) => setTimeout(resolve, 1, ok(7)))),
    fail: () => new ResultAsync(Promise.reject(new RangeError('mine'))),
    brief: (value) => (value instanceof neverthrow.Ok ? words(value) : value),
  });
  const load = trace((value, ...rest) => okAsync([value, rest.length]));
  const lose = trace((error) => errAsync(error));
  const divide = trace((a, b) => (b === 0 ? err('by zero') : ok(a / b)));
  await check('ok and err', () => [
    words(divide(4, 2)),
    words(divide(4, 0)),
    divide(1, 1) instanceof neverthrow.Ok,
  ]);
  await check('a generator: safeTry and yield*', async () => [
    words(
      neverthrow.safeTry(
        trace(function* () {
          const a = yield* divide(8, 2);
          const b = yield* divide(a, 2);
          return ok([a, b]);
        }),
      ),
    ),
    words(
      neverthrow.safeTry(
        trace(function* () {
          yield* divide(8, 0);
          return ok('not here');
        }),
      ),
    ),
    words(
      await neverthrow.safeTry(
        trace(async function* () {
          const a = yield* load(1);
          return ok(a);
        }),
      ),
    ),
    words(
      await neverthrow.safeTry(
        trace(async function* () {
          yield* lose('lost');
          return ok('not here');
        }),
      ),
    ),
  ]);
  await check('yield* of what a traced function answers is iterable once for each', () => {
    const iterate = (result) => {
      const iterator = result[Symbol.iterator]();
      return iterator.next();
    };
    return [iterate(divide(1, 1)), iterate(divide(4, 2))];
  });
  await check('_unsafeUnwrap of both', async () => [
    ok(1)._unsafeUnwrap(),
    divide(4, 2)._unsafeUnwrap(),
    (await failure(() => divide(1, 0)._unsafeUnwrap())).message,
  ]);
  await check('map, mapErr, andThen, orElse, andTee', async (log) => [
    words(await load(1).map((...args) => args)),
    words(await lose('a').mapErr((...args) => args)),
    words(await load(1).andThen((...args) => ok(args))),
    words(await load(1).andThen(() => lose('b'))),
    words(await lose('a').orElse((...args) => ok(args))),
    words(await load(1).andTee((...args) => log(...args))),
    words(await load(1).andThrough(() => ok('other'))),
    words(await lose('a').orTee((...args) => log(...args))),
  ]);
  await check('asyncMap, asyncAndThen', async () => [
    words(await divide(4, 2).asyncMap(trace(async (...args) => args))),
    words(await divide(4, 2).asyncAndThen((value) => load(value))),
    words((await load(1).asyncMap?.(async (value) => value)) ?? ok('none')),
  ]);
  await check('match and unwrapOr', async () => [
    await load(1).match(
      (...args) => ['ok', args],
      () => 'err',
    ),
    await lose('a').match(
      () => 'ok',
      (...args) => ['err', args],
    ),
    await lose('a').unwrapOr('instead'),
    await load(1).unwrapOr('instead'),
    divide(1, 0).unwrapOr('instead'),
  ]);
  await check('match with a promise in a handler', async () =>
    load(1).match(
      async (value) => value,
      () => 'err',
    ),
  );
  await check('combine', async () => [
    words(await ResultAsync.combine([load(1), load(2)])),
    words(await ResultAsync.combine([load(1), lose('a'), lose('b')])),
    words(await ResultAsync.combineWithAllErrors([lose('a'), lose('b'), load(1)])),
    words(neverthrow.Result.combine([divide(1, 1), divide(1, 0)])),
  ]);
  await check('fromPromise, fromThrowable, fromSafePromise', async () => {
    const { fromPromise, fromAsyncThrowable, fromThrowable, fromSafePromise } = trace.all(neverthrow);
    return [
      words(await fromPromise(Promise.reject(new RangeError('mine')), (error) => error.message)),
      words(await fromSafePromise(Promise.resolve(1))),
      words(
        fromThrowable(
          trace(() => {
            throw new RangeError('mine');
          }),
          (error) => error,
        )(),
      ),
      words(fromThrowable(trace((...args) => args))(1, undefined)),
      words(
        await fromAsyncThrowable(
          trace(async (...args) => args),
          (error) => error,
        )(1, undefined),
      ),
    ];
  });
  await check('identity and class', async () => {
    const inner = okAsync(1);
    const outer = trace(() => inner)();
    return [
      inner === outer,
      outer instanceof ResultAsync,
      (await outer) instanceof neverthrow.Ok,
      Object.keys(outer),
    ];
  });
  await check('is not a rejection when it is an err that nobody hears', async () => {
    lose(new RangeError('mine'));
    await undefined;
  });
  await check('a class', async () => {
    class Repository {
      rows = { a: 1 };
      find(id, ...rest) {
        return id in this.rows ? okAsync([this.rows[id], rest.length]) : errAsync('missing');
      }
      both() {
        return this.find('a', 1, undefined).andThen((value) =>
          this.find('b').orElse(() => ok([value, 'no b'])),
        );
      }
    }
    trace.class(Repository);
    const repository = new Repository();
    return [
      words(await repository.find('a')),
      words(await repository.both()),
      words(await repository.find('x')),
    ];
  });
}
