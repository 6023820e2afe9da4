import { trace } from '@opentelemetry/api';
import { describe, expect, test, vi } from 'vitest';
import { traceTask, withSpan } from '../../src/index.ts';
import {
  caught,
  type Deferred,
  deferred,
  dropping,
  record,
  type SpanRow,
  turn,
  unhandledDuring,
} from '../harness.ts';

const failure = new TypeError('no table');
const RETURNED: SpanRow = { name: 'work' };
const THREW: SpanRow = {
  name: 'work',
  status: 'ERROR no table',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: no table'],
};

type Ok = ((value: unknown) => unknown) | null | undefined;
type Not = ((error: unknown) => unknown) | null | undefined;

/** A lazy query in one of the shapes that there are; `runs` tells how often, and under which span, it has run. */
interface Query {
  then(ok?: Ok, not?: Not): Promise<unknown>;
  catch(not: Not): Promise<unknown>;
  finally(act: () => void): Promise<unknown>;
}
interface Shape {
  query: Query;
  runs: unknown[];
}

/** Knex, Mongoose, Supabase: a builder whose methods return itself, and which runs at each `then`. */
function fluent(answer: () => Promise<unknown>): Shape {
  const runs: unknown[] = [];
  class Builder {
    where(): this {
      return this;
    }
    then(ok?: Ok, not?: Not) {
      runs.push(trace.getActiveSpan());
      return answer().then(ok, not);
    }
    catch(not: Not) {
      return this.then(undefined).catch(not);
    }
    finally(act: () => void) {
      return this.then(undefined).finally(act);
    }
  }
  return { query: new Builder().where(), runs };
}

/** Prisma: an object literal that runs once, in whichever of its three methods comes first. */
function literal(answer: () => Promise<unknown>): Shape {
  const runs: unknown[] = [];
  let promise: Promise<unknown> | undefined;
  const run = () => {
    if (promise === undefined) runs.push(trace.getActiveSpan());
    return (promise ??= answer());
  };
  const query = {
    then: (ok?: Ok, not?: Not) => run().then(ok, not),
    catch: (not: Not) => run().catch(not),
    finally: (act: () => void) => run().finally(act),
    [Symbol.toStringTag]: 'PrismaPromise',
  };
  return { query, runs };
}

/** Prisma's `findUnique` and `create`: behind a proxy that describes what it has without the value. */
function proxied(answer: () => Promise<unknown>): Shape {
  const { query, runs } = literal(answer);
  const handler: ProxyHandler<Query> = {
    get: (target, key) => target[key as keyof Query],
    getPrototypeOf: () => Object.prototype,
    has: (target, key) => Reflect.ownKeys(target).includes(key),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, writable: true }),
  };
  return { query: new Proxy(query, handler), runs };
}

/** Drizzle: a class that implements a promise by way of `execute`. */
function executing(answer: () => Promise<unknown>): Shape {
  const runs: unknown[] = [];
  class QueryPromise {
    async execute() {
      runs.push(trace.getActiveSpan());
      return answer();
    }
    then(ok?: Ok, not?: Not) {
      return this.execute().then(ok, not);
    }
    catch(not: Not) {
      return this.then(undefined, not);
    }
    finally(act: () => void) {
      return this.then(
        (value) => {
          act();
          return value;
        },
        (error) => {
          act();
          throw error;
        },
      );
    }
  }
  return { query: new QueryPromise(), runs };
}

/** postgres.js: a subclass of `Promise` that starts when it is first listened to. */
function subclass(answer: () => Promise<unknown>): Shape {
  const runs: unknown[] = [];
  class Query extends Promise<unknown> {
    static override get [Symbol.species]() {
      return Promise;
    }
    #settle: [(value: unknown) => void, (error: unknown) => void];
    #hasRun = false;
    constructor() {
      let settle!: [(value: unknown) => void, (error: unknown) => void];
      super((...both) => void (settle = both));
      this.#settle = settle;
    }
    #run() {
      if (this.#hasRun) return;
      this.#hasRun = true;
      runs.push(trace.getActiveSpan());
      answer().then(...this.#settle);
    }
    override then(...handlers: never[]): never {
      this.#run();
      return super.then(...handlers) as never;
    }
    override catch(...handlers: never[]): never {
      this.#run();
      return super.catch(...handlers) as never;
    }
    override finally(...handlers: never[]): never {
      this.#run();
      return super.finally(...handlers) as never;
    }
  }
  return { query: new Query(), runs };
}

const shapes = { fluent, literal, proxied, executing, subclass };

const uses: Record<string, (query: Query) => unknown> = {
  await: async (query) => await query,
  'then with both': (query) =>
    query.then(
      (value) => [value],
      (error) => [error],
    ),
  'then with one': (query) => query.then((value) => [value]),
  'then with none': (query) => query.then(undefined),
  catch: (query) => query.catch((error) => [error]),
  'catch of nothing': (query) => query.catch(null),
  finally: (query) => query.finally(() => {}),
  'resolving another': (query) => Promise.resolve(query),
  all: (query) => Promise.all([query]),
};

/** What comes of it, with how many runs. */
async function comesOf({ query, runs }: Shape, use: (query: Query) => unknown): Promise<unknown[]> {
  try {
    return ['resolved', await use(query), runs.length];
  } catch (error) {
    return ['threw', error, runs.length];
  }
}

describe.each(Object.entries(shapes))('a lazy %s query', (_shape, make) => {
  describe.each(Object.entries(uses))('used by %s', (_how, use) => {
    test.each([
      ['resolves', () => Promise.resolve(7), RETURNED],
      ['rejects', () => Promise.reject(failure), THREW],
    ])('%s', async (_ending, answer, row) => {
      const alone = await comesOf(make(answer), use);
      const { rows, spans } = record();
      const shape = make(answer);
      const query = traceTask(() => shape.query as object, 'work')() as Query;
      expect(query).toBe(shape.query);
      await turn();
      expect([shape.runs, rows()]).toEqual([[], []]);
      expect(await comesOf(shape, use)).toEqual(alone);
      expect(rows()).toEqual([row]);
      expect(shape.runs).toEqual([expect.objectContaining({ name: 'work' })]);
      expect(spans()).toEqual(shape.runs);
    });
  });

  test('whose rejection nobody handles is reported once', async () => {
    record();
    const { query } = make(() => Promise.reject(failure));
    traceTask(() => query as object, 'work')();
    expect(await unhandledDuring(() => void query.then(undefined))).toEqual([failure]);
  });

  test('goes on in the context of whoever awaits it', async () => {
    const { rows } = record();
    const work: Deferred<unknown> = deferred();
    const { query } = make(() => work.promise);
    traceTask(() => query as object, 'work')();
    const consumer = withSpan('consumer', async () => {
      await query.then(() => withSpan('in then', () => {}));
      withSpan('after', () => {});
    });
    await turn();
    work.resolve(7);
    await consumer;
    expect(rows()).toEqual([
      RETURNED,
      { name: 'in then', parent: 'consumer' },
      { name: 'after', parent: 'consumer' },
      { name: 'consumer' },
    ]);
  });

  test('makes no sampled spans when it is not sampled', async () => {
    const { rows } = record({ sampler: dropping('work') });
    const { query } = make(() => withSpan('inside', async () => 7));
    traceTask(() => query as object, { name: 'work', flush: 'never' })();
    expect(await query).toBe(7);
    expect(rows()).toEqual([]);
  });

  test('as a value of covers: call', async () => {
    const { rows } = record();
    const { query } = make(() => Promise.reject(failure));
    traceTask(() => query as object, { name: 'work', covers: 'call' })();
    await expect(Promise.resolve(query)).rejects.toBe(failure);
    expect(rows()).toEqual([RETURNED]);
  });
});

test('the first settlement ends the span', async () => {
  const { rows } = record();
  const answers = [Promise.resolve(1), Promise.reject(failure)];
  const { query, runs } = fluent(() => answers.shift()!);
  traceTask(() => query as object, 'work')();
  expect(await query).toBe(1);
  expect(rows()).toEqual([RETURNED]);
  await expect(Promise.resolve(query)).rejects.toBe(failure);
  expect(rows()).toEqual([RETURNED]);
  expect(runs).toHaveLength(2);
});

test('resultAttributes get what it resolved to', async () => {
  const { rows } = record();
  const { query } = literal(async () => [1, 2, 3]);
  const find = traceTask(() => query as unknown as Promise<number[]>, {
    name: 'work',
    resultAttributes: (found) => ({ found: found.length }),
  });
  await find();
  expect(rows()).toEqual([{ name: 'work', attributes: { found: 3 } }]);
});

test('a then that throws is the failure', () => {
  const { rows } = record();
  const broken = {
    then: () => {
      throw failure;
    },
  };
  traceTask(() => broken as object, 'work')();
  expect(caught(() => broken.then())).toBe(failure);
  expect(rows()).toEqual([THREW]);
});

test('a proxy of a promise is a thenable, whatever its traps', async () => {
  const { rows } = record();
  const promise = Promise.resolve(7);
  const proxy = new Proxy(promise, {
    // Methods of a promise refuse to be called on a proxy.
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      return key === 'then' && value === Promise.prototype.then ? promise.then.bind(promise) : value;
    },
    ownKeys() {
      throw new Error('no');
    },
  });
  expect(await traceTask(() => proxy, 'work')()).toBe(7);
  expect(rows()).toEqual([RETURNED]);
});

test('an object that is no class’s stays one', async () => {
  record();
  const query = traceTask(() => ({ then: (ok: (value: number) => unknown) => ok(7) }), { flush: 'never' })();
  expect(Object.getPrototypeOf(query)).toBe(Object.prototype);
  expect(await query).toBe(7);
});

test('it looks as it did', async () => {
  record();
  const { query } = literal(async () => 7);
  const before = [Object.keys(query), JSON.stringify(query), String(query)];
  traceTask(() => query as object, 'work')();
  expect([Object.keys(query), JSON.stringify(query), String(query)]).toEqual(before);
  await query;
});

test('then gets as many handlers as it is given, and none that throws', () => {
  record();
  const calls: unknown[] = [];
  const make = () => ({
    then(...handlers: unknown[]) {
      calls.push(handlers.map((handler) => typeof handler));
      return this;
    },
  });
  const handler = () => {};
  for (const args of [[], [handler], [undefined, handler], [null, null], [handler, handler]]) {
    const [plain, traced] = [make(), traceTask(make, { flush: 'never', timeoutMs: 1 })()];
    Reflect.apply(plain.then, plain, args);
    Reflect.apply(traced.then, traced, args);
  }
  for (let i = 0; i < calls.length; i += 2) expect(calls[i + 1]).toEqual(calls[i]);
  vi.runAllTimers();
});

test('asCallback of a query that fails leaves nothing unhandled', async () => {
  record();
  const heard: unknown[] = [];
  const query = {
    then: (ok: Ok, not?: Not) => Promise.reject(failure).then(ok, not),
    asCallback(callback: (error: unknown) => void) {
      const promise = this.then(undefined);
      promise.then(undefined, callback);
      return promise;
    },
  };
  const act = () =>
    void traceTask(() => query, { flush: 'never' })().asCallback((error) => heard.push(error));
  expect(await unhandledDuring(act)).toEqual([]);
  expect(heard).toEqual([failure]);
});

test('classes and models that it refers to are what they were', async () => {
  record();
  class Empty {}
  const model = Object.assign(() => {}, { find: 1, count: 2, table: 3, columns: 4 });
  class Query {
    model = model;
    handler = model;
    Line = Empty;
    declare readonly type: typeof Empty;
    then(ok: (value: unknown) => unknown) {
      return ok(7);
    }
  }
  Object.defineProperty(Query.prototype, 'type', { value: Empty });
  const query = traceTask(() => new Query(), { flush: 'never' })();
  expect([query.model, query.handler, query.type, query.Line]).toEqual([model, model, Empty, Empty]);
  expect(query.then === query.then).toBe(true);
  expect(await query).toBe(7);
});

test('what a class has put in place of a method of its base', () => {
  record();
  class Model {}
  class Base {
    then(ok: (value: number) => void) {
      ok(7);
    }
    size(): unknown {
      return 1;
    }
    model(): unknown {
      return undefined;
    }
    gone(): void {}
  }
  class Query extends Base {
    declare readonly sealed: unknown;
    get rows() {
      return 2;
    }
  }
  Object.defineProperties(Query.prototype, {
    size: { get: () => 2, configurable: true },
    model: { value: Model },
    gone: { value: undefined, writable: true },
    sealed: { value: () => 1, writable: false },
  });
  const query = traceTask(() => new Query(), { flush: 'never', timeoutMs: 1 })();
  expect([query.size, query.rows, query.gone, query.model]).toEqual([2, 2, undefined, Model]);
  expect(() => Object.assign(query, { sealed: 2 })).toThrow(TypeError);
  vi.runAllTimers();
});

test('a then that is the catch as well is none: a query of mysql2’s says so by it', () => {
  const { rows } = record();
  class Command {
    then() {
      throw new Error('use the promise client');
    }
  }
  Object.defineProperty(Command.prototype, 'catch', { value: Command.prototype.then });
  const command = traceTask(() => new Command(), 'work')();
  expect(rows()).toEqual([RETURNED]);
  expect(() => Reflect.apply(command.then, command, [])).toThrow('use the promise client');
});

test('a handler that refuses to be looked at is called all the same', async () => {
  record();
  const refuse = () => expect.unreachable();
  const ok = new Proxy((value: unknown) => [value], { get: refuse, getOwnPropertyDescriptor: refuse });
  const query = { then: (...handlers: ((value: unknown) => unknown)[]) => handlers[0]!(7) };
  expect(traceTask(() => query, { flush: 'never' })().then(ok)).toEqual([7]);
});

test('handlers keep their name and length', () => {
  record();
  const given: Function[] = [];
  const query = { then: (...handlers: ((value: never) => void)[]) => void given.push(...handlers) };
  traceTask(() => query, { flush: 'never', timeoutMs: 1 })().then(
    function ok(value) {
      return value;
    },
    (...errors) => errors,
  );
  expect(given.map(({ name, length }) => [name, length])).toEqual([
    ['ok', 1],
    ['', 0],
  ]);
  vi.runAllTimers();
});

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

/** zx' processes, cursors that go through all of their documents: a method is under way, and another one answers. */
class Process {
  #exit = deferred();
  then(ok?: Ok, not?: Not) {
    return this.#exit.promise.then(ok, not);
  }
  /** What it answers is of a class of its own, as it is itself. */
  catch(not: Not) {
    return new (class extends Promise<unknown> {})((resolve) => resolve(this.#exit.promise.catch(not)));
  }
  /** It answers before the process has ended. */
  async kill() {
    void turn().then(() => this.#exit.reject(failure));
  }
  async wait(_each?: () => void) {
    await this.close();
    await this.#exit.promise;
  }
  async close() {}
}

test.each<[string, (process: Process) => Promise<unknown>]>([
  [
    'then',
    async (process) => {
      const exited = errorOf((async () => process)());
      await process.kill();
      return exited;
    },
  ],
  [
    'catch, which answers no plain promise',
    async (process) => {
      const exited = process.catch((error) => error);
      await process.kill();
      return exited;
    },
  ],
  [
    'then of one handler',
    async (process) => {
      const exited = errorOf(process.then((value) => value));
      await process.kill();
      return exited;
    },
  ],
  [
    'a method with a callback, which calls another',
    async (process) => {
      const exited = errorOf(process.wait(() => {}));
      await turn();
      await process.kill();
      return exited;
    },
  ],
])('what other methods answer meanwhile is not the end: %s', async (_what, use) => {
  const { rows } = record();
  const process = traceTask(() => new Process(), 'work')();
  expect(await use(process)).toBe(failure);
  expect(rows()).toEqual([THREW]);
});

test('done(), as when, Q and promise have it', async () => {
  const { rows } = record();
  class Old {
    then(ok?: Ok, not?: Not) {
      return Promise.reject(failure).then(ok, not);
    }
    done(ok?: Ok, not?: Not) {
      void this.then(ok, not);
    }
  }
  traceTask(() => new Old(), 'work')().done(undefined, () => {});
  await turn();
  expect(rows()).toEqual([THREW]);
});

async function* rowsThatFail() {
  yield 1;
  throw failure;
}

test.each<[string, () => Promise<[AsyncIterable<unknown>]>]>([
  [
    'what a method answers that can be iterated, as a cursor of postgres.js',
    async () => {
      class Query {
        then() {}
        cursor() {
          return { [Symbol.asyncIterator]: rowsThatFail };
        }
      }
      return [traceTask(() => new Query(), 'work')().cursor()];
    },
  ],
  [
    'an iterator that cannot be iterated itself, as of a result of Neo4j',
    async () => {
      class Result {
        then() {}
        [Symbol.asyncIterator]() {
          const steps = rowsThatFail();
          return { next: () => steps.next() };
        }
      }
      return [traceTask(() => new Result() as never as AsyncIterable<unknown>, 'work')()];
    },
  ],
  [
    'an object without a class, by covers',
    async () => [
      await traceTask(async () => ({ [Symbol.asyncIterator]: rowsThatFail }), {
        name: 'work',
        covers: (rows) => rows,
      })(),
    ],
  ],
])('rows that are read one by one: %s', async (_what, make) => {
  const { rows } = record();
  const [result] = await make();
  expect(rows()).toEqual([]);
  const read = async () => {
    for await (const row of result) expect(row).toBe(1);
  };
  expect(await errorOf(read())).toBe(failure);
  expect(rows()).toEqual([THREW]);
});

test('a method that answers what refuses to be looked at', () => {
  record();
  const refuse = () => expect.unreachable();
  const refusing: object = new Proxy({}, { has: refuse, getPrototypeOf: refuse });
  class Query {
    then() {}
    raw() {
      return refusing;
    }
  }
  expect(traceTask(() => new Query(), { flush: 'never', timeoutMs: 1 })().raw()).toBe(refusing);
  vi.runAllTimers();
});

test('run by exec() or execute() alone', async () => {
  const { rows } = record();
  const query = (method: string, answer: () => unknown) =>
    traceTask(() => ({ [method]: answer, then: () => expect.unreachable() }), 'work')() as unknown as Record<
      string,
      () => unknown
    >;
  expect(await query('exec', async () => 'rows').exec!()).toBe('rows');
  await expect(query('execute', () => Promise.reject(failure)).execute!()).rejects.toBe(failure);
  expect(rows()).toEqual([RETURNED, THREW]);
});

test.each(['resolves', 'rejects'])(
  'a finally handler runs where its caller is, when the query %s',
  async (how) => {
    const { rows } = record();
    const { query } = fluent(async () => {
      if (how === 'rejects') throw failure;
    });
    const work = traceTask(() => query, 'work')();
    await withSpan('caller', () => work.finally(() => withSpan('handler', () => {})).catch(() => {}));
    expect(rows()).toEqual([
      { name: 'handler', parent: 'caller' },
      how === 'rejects' ? THREW : RETURNED,
      { name: 'caller' },
    ]);
  },
);

test('one that has no class is heard, and one that is closed to others is a value', async () => {
  const { rows } = record();
  const bare = Object.assign(Object.create(null) as object, {
    then: (ok: (value: number) => void) => void ok(7),
  });
  const work = traceTask(() => bare as PromiseLike<number>, 'bare')();
  expect(rows()).toEqual([]);
  expect(await work).toBe(7);
  expect(rows()).toEqual([{ name: 'bare' }]);
  class Query {
    then(ok: (value: number) => void) {
      ok(8);
    }
  }
  const closed = traceTask(() => Object.preventExtensions(new Query()) as PromiseLike<number>, 'closed')();
  expect(rows()).toEqual([{ name: 'bare' }, { name: 'closed' }]);
  expect(await closed).toBe(8);
});

test('queries of one class share a prototype, however many there are', async () => {
  record();
  const queries = [0, 1].map(() => traceTask(() => fluent(async () => 7).query, 'work')());
  const [one, other] = queries.map((query) => Object.getPrototypeOf(query) as object);
  expect(one).not.toBe(other);
  const builder = fluent(async () => 7).query.constructor as new () => Query;
  const same = [0, 1].map(() => traceTask(() => new builder(), 'work')());
  expect(Object.getPrototypeOf(same[0])).toBe(Object.getPrototypeOf(same[1]));
  for (const query of [...queries, ...same]) await query;
});

test.each(['end', 'asCallback', 'nodeify', 'exec'])(
  '%s with a callback runs the query, and ends its span',
  (method) => {
    const { rows } = record();
    class Query {
      then() {}
      [method](done: (error: unknown, value?: number) => void) {
        withSpan('inside', () => {});
        if (isFailing) done(failure);
        else done(null, 7);
      }
    }
    let isFailing = false;
    const heard: unknown[] = [];
    type Runs = Record<string, (done: (...given: unknown[]) => void) => void>;
    const run = () =>
      (traceTask(() => new Query(), 'work')() as unknown as Runs)[method]!(
        (...given) => void heard.push(given),
      );
    run();
    isFailing = true;
    run();
    expect(heard).toEqual([[null, 7], [failure]]);
    const inside = { name: 'inside', parent: 'work' };
    expect(rows()).toEqual([inside, RETURNED, inside, THREW]);
  },
);

test('a function that is given to a method is run where its caller is', async () => {
  const { rows } = record();
  class Query {
    async each(act: () => void) {
      act();
    }
    async then(ok: (value: number) => void) {
      ok(7);
    }
  }
  const work = traceTask(() => new Query(), 'work')() as Query;
  await withSpan('caller', () => work.each(() => withSpan('row', () => {})));
  expect(rows()).toEqual([{ name: 'row', parent: 'caller' }, RETURNED, { name: 'caller' }]);
});

test.each<[string, (answer: () => Promise<unknown>) => Shape]>([
  ['of a class', fluent],
  ['of no class', literal],
])(
  'one %s that is asked again after the end of its span is asked where its caller is',
  async (_what, shape) => {
    const { rows } = record();
    const { query } = shape(async () => 7);
    const asked = vi.spyOn(query, 'then');
    const seen: unknown[] = [];
    asked.mockImplementation(async (ok) => {
      seen.push((trace.getActiveSpan() as { name?: string } | undefined)?.name);
      return ok?.(7);
    });
    const work = traceTask(() => query, 'work')();
    await work;
    await withSpan('second', () => work.then(Number));
    await withSpan('third', () => work.then(Number));
    expect(seen).toEqual(['work', 'second', 'third']);
    expect(rows()).toEqual([RETURNED, { name: 'second' }, { name: 'third' }]);
  },
);
