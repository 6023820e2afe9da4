import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { trace } from '@opentelemetry/api';
import Bluebird from 'bluebird';
import { transformSync } from 'esbuild';
import { describe, expect, test, vi } from 'vitest';
import { traceTask, withSpan } from '../../src/index.ts';
import { caught, dropping, record, reported, type SpanRow, turn, unhandledDuring } from '../harness.ts';

const failure = new TypeError('no stock');
const RETURNED: SpanRow = { name: 'work' };
const THREW: SpanRow = {
  name: 'work',
  status: 'ERROR no stock',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: no stock'],
};

/** `lib` leaves the helpers out, which Node 20 lacks and `src` must not use. */
interface Helpers {
  map(change: (value: number) => number): Helpers;
  take(count: number): Helpers;
  forEach(act: () => void): void;
  toArray(): number[];
}

type Sync = Generator<number, string, unknown> & Helpers;
type Async = AsyncGenerator<number, string, unknown>;

function* numbersOf(): Generator<number, string, unknown> {
  yield 1;
  yield 2;
  return 'end';
}

async function* asyncNumbers(): Async {
  yield 1;
  yield 2;
  return 'end';
}

function* failingOf(): Generator<number, string, unknown> {
  yield 1;
  throw failure;
}

async function* asyncFailing(): Async {
  yield 1;
  throw failure;
}

const numbers = numbersOf as () => Sync;
const failing = failingOf as () => Sync;

/** By hand, as libraries do: no prototype of the language's, and nothing but `next`. */
function bare(): Sync {
  let left = 2;
  return {
    next: () => (left-- > 0 ? { done: false, value: 2 - left } : { done: true, value: 'end' }),
    [Symbol.iterator]() {
      return this;
    },
  } as unknown as Sync;
}

function itself<T>(this: T): T {
  return this;
}

async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of iterable) values.push(value);
  return values;
}

const takeOne = (iterable: Iterable<unknown>) => {
  for (const value of iterable) return value;
  return undefined;
};

const syncEndings: Record<string, [() => Sync, (work: Sync) => unknown, SpanRow, unknown]> = {
  exhausted: [numbers, (work) => [...work], RETURNED, [1, 2]],
  'exhausted by hand': [
    numbers,
    (work) => [work.next(), work.next(), work.next(), work.next()],
    RETURNED,
    [
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: 'end' },
      { done: true, value: undefined },
    ],
  ],
  'left by break': [numbers, takeOne, RETURNED, 1],
  'left by destructuring': [numbers, ([first]) => first, RETURNED, 1],
  'left by a throw in the loop': [
    numbers,
    (work) =>
      caught(() =>
        work.forEach(() => {
          throw failure;
        }),
      ),
    RETURNED,
    failure,
  ],
  'returned before it began': [
    numbers,
    (work) => work.return('early'),
    RETURNED,
    { done: true, value: 'early' },
  ],
  'told to throw': [numbers, (work) => caught(() => work.throw(failure)), THREW, failure],
  'throwing inside': [failing, (work) => caught(() => [...work]), THREW, failure],
  'exhausted, without return and throw': [bare, (work) => [...work], RETURNED, [1, 2]],
  'left by break, without return and throw': [bare, takeOne, RETURNED, 1],
  'exhausted through helpers': [numbers, (work) => work.map((n) => n * 2).toArray(), RETURNED, [2, 4]],
  'left through helpers': [numbers, (work) => work.take(1).toArray(), RETURNED, [1]],
  'exhausted through delegation': [
    numbers,
    (work) => [
      ...(function* () {
        yield* work;
      })(),
    ],
    RETURNED,
    [1, 2],
  ],
  'disposed of': [numbers, (work) => void work[Symbol.dispose](), RETURNED, undefined],
};

describe('a sync iterator', () => {
  test.each(Object.entries(syncEndings))('%s', (_how, [make, use, row, result]) => {
    const { rows } = record();
    expect(use(make())).toEqual(result);
    const work = traceTask(make, 'work')();
    expect(rows()).toEqual([]);
    expect(use(work)).toEqual(result);
    expect(rows()).toEqual([row]);
  });

  test('of an array, a map or a string', () => {
    const { rows } = record();
    const sources = [
      [1, 2].values(),
      new Map([[1, 2]]).entries(),
      new Set([1]).values(),
      'ab'[Symbol.iterator](),
    ];
    const read = sources.map((source) => [...(traceTask(() => source, 'work')() as Iterable<unknown>)]);
    expect(read).toEqual([[1, 2], [[1, 2]], [1], ['a', 'b']]);
    expect(rows()).toEqual(sources.map(() => RETURNED));
  });

  test.each<[string, () => Iterator<unknown, unknown, unknown> & Iterable<unknown>]>([
    ['by hand', bare],
    ['of the language', () => [1, 2].values()],
  ])('%s, without return: whoever looks for one may call it on nothing', (_how, make) => {
    const { rows } = record();
    const work = traceTask(make, 'work')();
    const { return: leave } = work;
    expect(leave?.()).toEqual({ done: true, value: undefined });
    expect([...work]).toEqual([1, 2]);
    expect(rows()).toEqual([RETURNED]);
  });

  test('without return can be resumed after a break, as ever', () => {
    const { rows } = record();
    const work = traceTask(() => [1, 2, 3].values(), 'work')();
    expect([takeOne(work), [...work]]).toEqual([1, [2, 3]]);
    expect(rows()).toEqual([RETURNED]);
  });
});

const asyncEndings: Record<string, [() => Async, (work: Async) => unknown, SpanRow, unknown]> = {
  exhausted: [asyncNumbers, (work) => collect(work), RETURNED, [1, 2]],
  'exhausted by overlapping calls': [
    asyncNumbers,
    (work) => Promise.all([work.next(), work.next(), work.next()]),
    RETURNED,
    [
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: 'end' },
    ],
  ],
  'left by break': [
    asyncNumbers,
    async (work) => {
      for await (const value of work) return value;
      return undefined;
    },
    RETURNED,
    1,
  ],
  'returned before it began': [
    asyncNumbers,
    (work) => work.return('early'),
    RETURNED,
    { done: true, value: 'early' },
  ],
  'told to throw': [asyncNumbers, (work) => work.throw(failure).catch((error) => error), THREW, failure],
  'throwing inside': [asyncFailing, (work) => collect(work).catch((error) => error), THREW, failure],
  'disposed of': [asyncNumbers, (work) => work[Symbol.asyncDispose](), RETURNED, undefined],
};

describe('an async iterator', () => {
  test.each(Object.entries(asyncEndings))('%s', async (_how, [make, use, row, result]) => {
    const { rows } = record();
    expect(await use(make())).toEqual(result);
    const work = traceTask(make, 'work')();
    expect(rows()).toEqual([]);
    expect(await use(work)).toEqual(result);
    expect(rows()).toEqual([row]);
  });

  test('by hand, without return: left by break', async () => {
    const { rows } = record();
    const work = traceTask(
      () => ({
        next: async () => ({ done: false, value: 1 }),
        [Symbol.asyncIterator]() {
          return this;
        },
      }),
      'work',
    )();
    // oxlint-disable-next-line no-unreachable-loop
    for await (const _ of work) break;
    expect(rows()).toEqual([RETURNED]);
  });

  test('whose rejection nobody handles', async () => {
    record();
    const heard = await unhandledDuring(() => void traceTask(asyncFailing, 'work')().throw(failure));
    expect(heard).toEqual([failure]);
  });
});

test('a generator that goes on yielding when it is told to return is still at work', () => {
  const { rows } = record();
  const work = traceTask(function* stubborn() {
    try {
      yield 1;
    } finally {
      yield 'clean-up';
    }
  })();
  work.next();
  expect(work.return(undefined as never)).toEqual({ done: false, value: 'clean-up' });
  expect(rows()).toEqual([]);
  work.next();
  expect(rows()).toEqual([{ name: 'stubborn' }]);
});

test('the context is active in each next, return and throw, and only there', async () => {
  const { rows } = record();
  const seen: unknown[] = [];
  const see = () => void seen.push(trace.getActiveSpan());
  const work = traceTask(async function* work() {
    try {
      see();
      yield withSpan('first', () => 1);
      await Promise.resolve();
      see();
      yield withSpan('second', () => 2);
    } finally {
      see();
      withSpan('clean-up', () => 3);
    }
  })();
  await withSpan('consumer', async () => {
    for await (const value of work) {
      withSpan(`consumed ${value}`, () => {});
      if (value === 2) break;
    }
  });
  expect(new Set(seen).size).toBe(1);
  expect(rows()).toEqual([
    { name: 'first', parent: 'work' },
    { name: 'consumed 1', parent: 'consumer' },
    { name: 'second', parent: 'work' },
    { name: 'consumed 2', parent: 'consumer' },
    { name: 'clean-up', parent: 'work' },
    { name: 'work' },
    { name: 'consumer' },
  ]);
});

test.each(['never', 'auto'] as const)('nothing of one that is not sampled is sampled, flush: %s', (flush) => {
  const { rows } = record({ sampler: dropping('work') });
  const inside = function* () {
    yield withSpan('inside', () => 1);
  };
  expect([...traceTask(inside, { name: 'work', flush })()]).toEqual([1]);
  expect(rows()).toEqual([]);
});

test('what was given to one that is not sampled is left as it is', () => {
  record({ sampler: dropping('work') });
  const given = numbers();
  const prototype: unknown = Object.getPrototypeOf(given);
  expect(traceTask((iterator: Sync) => iterator, { name: 'work', flush: 'never' })(given)).toBe(given);
  expect(Object.getPrototypeOf(given)).toBe(prototype);
});

test('with covers: call, what comes of one that is not sampled is left as it is', async () => {
  const { rows } = record({ sampler: dropping('work') });
  const options = { name: 'work', covers: 'call', flush: 'never' } as const;
  const inside = function* () {
    yield withSpan('inside', () => 1);
  };
  const iterator = traceTask(inside, options)();
  expect(Object.getPrototypeOf(iterator)).toBe(inside.prototype);
  expect([...iterator]).toEqual([1]);
  const promise = Promise.resolve(7);
  expect(traceTask(() => promise, options)()).toBe(promise);
  expect(rows()).toEqual([{ name: 'inside' }]);
});

test('an iterator of an array has no next of its own, which would make all of them slow', () => {
  const { rows } = record();
  const iterator = traceTask(() => [1, 2].values(), 'work')();
  expect(Object.hasOwn(iterator, 'next')).toBe(false);
  expect([...iterator]).toEqual([1, 2]);
  expect(rows()).toEqual([RETURNED]);
});

test('the methods of a covered generator are properties as those of the language are', () => {
  record();
  const covered = traceTask(numbers)();
  for (const key of ['next', 'throw', 'return']) {
    const { value, ...mine } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(covered), key)!;
    const { value: original, ...theirs } = Object.getOwnPropertyDescriptor(
      Object.getPrototypeOf(numbersOf.prototype),
      key,
    )!;
    expect(mine).toEqual(theirs);
    expect([value.name, value.length]).toEqual([original.name, original.length]);
  }
  covered.return('end');
});

test('generators of one function share a prototype, however many there are', () => {
  record();
  const [one, other] = [traceTask(numbers)(), traceTask(numbers)()];
  expect(Object.getPrototypeOf(one)).toBe(Object.getPrototypeOf(other));
  for (const work of [one, other]) work.return('end');
});

test.each([undefined, null, 7, 'text'])('a step that is %s is handed on, and ends nothing', (step) => {
  const { rows } = record();
  const work = traceTask(
    () => ({
      next: () => step as unknown as IteratorResult<number>,
      return: () => ({ done: true, value: 0 }),
      [Symbol.iterator]() {
        return this;
      },
    }),
    'work',
  )();
  expect(work.next()).toBe(step);
  expect([rows(), reported]).toEqual([[], []]);
  work.return();
  expect(rows()).toEqual([RETURNED]);
});

test('it is the same object, and looks as it did', () => {
  record();
  const own = numbers();
  const list = { items: [1], next: () => ({ done: true, value: 0 }), [Symbol.iterator]: () => list };
  const before = { keys: Object.keys(list), copy: { ...list }, json: JSON.stringify(list) };
  expect(traceTask(() => own)()).toBe(own);
  expect(own).toBeInstanceOf(numbersOf);
  expect(Object.keys(own)).toEqual([]);
  expect(String(own)).toBe('[object Generator]');
  expect(traceTask(() => list)()).toBe(list);
  expect(Object.keys(list)).toEqual(before.keys);
  expect(Object.keys({ ...list })).toEqual(Object.keys(before.copy));
  expect(JSON.stringify(list)).toBe(before.json);
  own.return('end');
  list.next();
});

async function all<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const item of items) got.push(item);
  return got;
}

/** MongoDB's: an iterable whose `next` gives documents. It cannot be asked for an iterator twice. */
function cursor() {
  const documents = [7, 8, null];
  let isAsked = false;
  return {
    next: async () => documents.shift(),
    async *[Symbol.asyncIterator]() {
      if (isAsked) throw failure;
      isAsked = true;
      for (let document = await this.next(); document !== null; document = await this.next()) yield document;
    },
  };
}

test.each<[string, (opened: ReturnType<typeof cursor>) => unknown, unknown]>([
  ['iterated', (opened) => all(opened), [7, 8]],
  ['asked for documents', async (opened) => [await opened.next(), await opened.next()], [7, 8]],
])('a cursor that is %s is a value', async (_how, use, expected) => {
  const { spans, rows } = record();
  const opened = traceTask(cursor, 'work')();
  const returnedAt = performance.timeOrigin + performance.now();
  const used = await withSpan('caller', () => use(opened));
  expect(used).toEqual(expected);
  expect(rows()).toEqual([RETURNED, { name: 'caller' }]);
  const [seconds, nanoseconds] = spans()[0]!.endTime;
  expect(seconds * 1e3 + nanoseconds / 1e6).toBeLessThan(returnedAt + 1);
});

test('an iterator of another realm, and one whose steps are not plain promises', async () => {
  const { rows } = record();
  class Step<T> extends Promise<T> {}
  const counter = () => {
    let count = 0;
    return {
      next: () => Step.resolve({ done: ++count > 2, value: count }),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  };
  expect(await all(traceTask(counter, 'work')())).toEqual([1, 2]);
  const foreign = runInNewContext('(async function* () { yield 1; yield 2; })') as typeof numbers;
  expect(await all(traceTask(foreign, 'work')() as Iterable<number>)).toEqual([1, 2]);
  expect(rows()).toEqual([RETURNED, RETURNED]);
});

test('the reader of a stream that is made from one leaves early', async () => {
  const { rows } = record();
  async function* source() {
    yield 'a';
    yield 'b';
  }
  for await (const _chunk of Readable.from(traceTask(source, 'work')())) break;
  await turn();
  expect(rows()).toEqual([{ name: 'work', attributes: { 'oncespan.outcome': 'aborted' } }]);
});

test('what is iterable and no iterator is a value', () => {
  const { rows } = record();
  const values = [
    [1],
    new Map(),
    new Set(),
    'text',
    new Uint8Array(1),
    { next: 'page' },
    { next: () => null },
  ];
  for (const value of values) expect(traceTask(() => value, 'work')()).toBe(value);
  expect(rows()).toEqual(values.map(() => RETURNED));
});

test('covers: call, ends with the call', () => {
  const { rows } = record();
  const work = traceTask(numbers, { name: 'work', covers: 'call' })();
  expect(rows()).toEqual([RETURNED]);
  expect(Object.getOwnPropertyNames(work)).toEqual([]);
});

test('an abort ends the span; the iteration goes on, in its context', () => {
  const { rows } = record();
  const controller = new AbortController();
  const work = traceTask(function* work(_signal: AbortSignal) {
    yield 1;
    yield withSpan('after', () => 2);
  })(controller.signal);
  work.next();
  controller.abort(failure);
  expect([...work]).toEqual([2]);
  expect(rows()).toEqual([
    { ...THREW, attributes: { ...THREW.attributes, 'oncespan.outcome': 'aborted' } },
    { name: 'after', parent: 'work' },
  ]);
});

/** An iterator of somebody's class: counts to two. */
class Counter {
  #count = 0;
  readonly step = () => ({ done: this.#count === 2, value: this.#count++ });
  next() {
    return this.step();
  }
  [Symbol.iterator]() {
    return this;
  }
}

test.each<[string, (counter: Counter) => Counter]>([
  ['behind a proxy', (counter) => new Proxy(counter, {})],
  ['that another object inherits from', (counter) => Object.create(counter) as Counter],
  [
    'that is given another prototype',
    (counter) => Object.setPrototypeOf(counter, class extends Counter {}.prototype) as Counter,
  ],
])('an iterator of a class %s is heard', (_how, changed) => {
  const { rows } = record();
  expect([...changed(traceTask(() => new Counter(), 'work')())]).toEqual([0, 1]);
  expect(rows()).toEqual([RETURNED]);
});

test('an iterator whose methods have lost their names is heard', () => {
  const { rows } = record();
  const next = () => ({ done: true, value: 0 });
  for (const key of ['name', 'length']) Reflect.deleteProperty(next, key);
  const iterator = {
    next,
    [Symbol.iterator]() {
      return this;
    },
  };
  const work = traceTask(() => iterator, 'work')();
  expect(rows()).toEqual([]);
  expect([...work]).toEqual([]);
  expect(rows()).toEqual([RETURNED]);
});

test('an iterator keeps its prototype if it has one of its own class', () => {
  record();
  const counter = traceTask(() => new Counter(), 'work')();
  expect(Object.getPrototypeOf(counter)).toBe(Counter.prototype);
  expect([...counter]).toEqual([0, 1]);
});

test('a method that was read from a covered generator can be put on the prototype', () => {
  const { rows } = record();
  const prototype = numbersOf.prototype as Sync;
  const covered = traceTask(numbersOf, 'work')();
  prototype.next = covered.next;
  try {
    expect([...covered, ...numbersOf()]).toEqual([1, 2, 1, 2]);
  } finally {
    Reflect.deleteProperty(prototype, 'next');
  }
  expect(rows()).toEqual([RETURNED]);
});

test('a generator whose method is called on nothing throws as it did', () => {
  record();
  const covered = traceTask(numbersOf, 'work')();
  const { next } = covered;
  for (const self of [undefined, null, 7])
    expect(caught(() => Reflect.apply(next, self, []))).toEqual(
      caught(() => Reflect.apply(numbers().next, self, [])),
    );
  expect([...covered]).toEqual([1, 2]);
});

test('a done that throws when it is read does so, and the span goes on', () => {
  const { rows } = record();
  let isReady = false;
  const step = {
    value: 7,
    get done(): boolean {
      if (!isReady) throw failure;
      return true;
    },
  };
  const work = traceTask(
    () => ({
      next: () => step,
      [Symbol.iterator]() {
        return this;
      },
    }),
    'work',
  )();
  expect(caught(() => [...work])).toBe(failure);
  expect([rows(), reported]).toEqual([[], []]);
  isReady = true;
  expect([...work]).toEqual([]);
  expect(rows()).toEqual([RETURNED]);
});

test('a copy of a covered iterator that is of another class goes by the methods of that class', () => {
  const { rows } = record();
  class Other extends Counter {
    override next() {
      return { done: true, value: 0 };
    }
  }
  const counter = traceTask(() => new Counter(), 'work')();
  const copy = Object.create(Other.prototype, Object.getOwnPropertyDescriptors(counter)) as Counter;
  expect([...copy]).toEqual([]);
  expect(rows()).toEqual([]);
  expect([...counter]).toEqual([0, 1]);
  expect(rows()).toEqual([RETURNED]);
});

/** An async iterator that answers somebody else when it is asked for a sync one. */
const twoFaced = (other: unknown) => ({
  next: async () => ({ done: true, value: 0 }),
  [Symbol.asyncIterator]() {
    return this;
  },
  [Symbol.iterator]: () => other as Iterator<number>,
});

test('what an iterator answers in place of itself takes its steps', () => {
  const { rows } = record();
  expect([...traceTask(() => twoFaced(numbers()), 'work')()]).toEqual([1, 2]);
  expect(caught(() => [...traceTask(() => twoFaced(failing()), 'work')()])).toBe(failure);
  expect(rows()).toEqual([RETURNED, THREW]);
});

test.each([undefined, null, 7, 'text'])('an iterator that answers %s is left to do so', async (answer) => {
  const { rows } = record();
  const work = traceTask(() => twoFaced(answer), 'work')();
  expect(work[Symbol.iterator]()).toBe(answer);
  expect([rows(), reported]).toEqual([[], []]);
  await work.next();
  expect(rows()).toEqual([RETURNED]);
});

test('a step that is a thenable and no promise is handed on as it is', () => {
  const { rows } = record();
  const then = vi.fn();
  class Step {
    readonly done = false;
    then = then;
  }
  class Inheriting {
    declare then: () => void;
  }
  Inheriting.prototype.then = then;
  const steps = [new Step(), new Inheriting()];
  const left = steps.slice();
  const work = traceTask(
    () => ({
      next: () => left.shift(),
      return: () => ({ done: true, value: 0 }),
      [Symbol.asyncIterator]() {
        return this;
      },
    }),
    'work',
  )();
  for (const step of steps) expect(work.next()).toBe(step);
  expect([then.mock.calls, rows()]).toEqual([[], []]);
  work.return();
  expect(rows()).toEqual([RETURNED]);
});

const leaving = () =>
  Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' });

test('what a reader that leaves throws in is no failure; what comes of that, or of itself, is one', async () => {
  const { rows } = record();
  const other = leaving();
  const work = (fn: () => Async) => traceTask(fn, 'work')();
  const left = leaving();
  await expect(work(asyncNumbers).throw(left)).rejects.toBe(left);
  const replacing = work(async function* () {
    try {
      yield 1;
    } catch {
      throw other;
    }
    return 'end';
  });
  await replacing.next();
  await expect(replacing.throw(leaving())).rejects.toBe(other);
  const given = work(async function* () {
    throw yield 1;
  });
  await given.next();
  await expect(given.next(other)).rejects.toBe(other);
  const threw = {
    name: 'work',
    status: 'ERROR The operation was aborted',
    attributes: { error: true, 'error.type': 'ABORT_ERR' },
    exceptions: ['AbortError: The operation was aborted'],
  };
  expect(rows()).toEqual([{ name: 'work', attributes: { 'oncespan.outcome': 'aborted' } }, threw, threw]);
});

test('a proxy that answers for itself is a value, and what is behind it stays as it was', () => {
  const { rows } = record();
  const behind = new Counter();
  const step = () => behind.step();
  const proxy = new Proxy(behind, {
    get: (target, key) => (key === 'next' ? step : Reflect.get(target, key)),
  });
  expect(traceTask(() => proxy, 'work')()).toBe(proxy);
  expect(rows()).toEqual([RETURNED]);
  expect(Reflect.ownKeys(behind)).toEqual(['step']);
});

/** Its steps are the iterator itself, as where nothing is to be allocated. */
class Reused {
  #left: number;
  readonly value = 7;
  constructor(left: number) {
    this.#left = left;
  }
  get done(): boolean {
    return this.#left < 0;
  }
  next() {
    this.#left--;
    return this;
  }
  [Symbol.iterator]() {
    return this;
  }
}

class WithFixed extends Reused {
  static {
    const inherited = Object.getOwnPropertyDescriptor(Reused.prototype, 'done')!;
    Object.defineProperty(this.prototype, 'done', { ...inherited, configurable: false });
  }
}

test.each([
  ['a class', Reused],
  ['a class whose getter is there for ever', WithFixed],
])(
  'a step of %s that is used again, and says by a getter whether it is the last, is as it was',
  (_of, Class) => {
    const { rows } = record();
    const work = traceTask(() => new Class(20_000), 'work')();
    let count = 0;
    for (const step of { [Symbol.iterator]: () => work })
      if (step === 7 && !Object.hasOwn(work, 'done')) count++;
    expect([count, Object.hasOwn(work, 'done'), work.done]).toEqual([20_000, false, true]);
    expect(rows()).toEqual([RETURNED]);
  },
);

test('a step that is used again without having been read is read as ever', () => {
  const { rows } = record();
  const work = traceTask(() => new Reused(20_000), 'work')();
  for (let i = 0; i < 20_000; i++) expect(work.next().value).toBe(7);
  expect([work.done, rows()]).toEqual([false, []]);
  expect([work.next().done, rows()]).toEqual([true, [RETURNED]]);
});

test('a done of the step itself is put back as it was, for whoever reads or writes it', () => {
  const { rows } = record();
  let isDone = false;
  const done = { get: () => isDone, set: (now: boolean) => (isDone = now) };
  const step = Object.defineProperty({}, 'done', { ...done, enumerable: true, configurable: true }) as {
    done: boolean;
  };
  const work = traceTask(() => ({ next: () => step, [Symbol.iterator]: itself }), 'work')();
  const before = Object.getOwnPropertyDescriptors(step);
  work.next();
  expect([step.done, Object.keys(step)]).toEqual([false, ['done']]);
  expect(Object.getOwnPropertyDescriptors(step)).toEqual(before);
  work.next();
  step.done = true;
  expect([isDone, rows()]).toEqual([true, []]);
  expect([step.done, rows()]).toEqual([true, [RETURNED]]);
});

test('a step that is frozen by its reader tells of its end all the same', () => {
  const { rows } = record();
  const work = traceTask(() => new Reused(2), 'work')();
  Object.freeze(work.next());
  expect([work.done, work.next().done, rows()]).toEqual([false, false, []]);
  expect([work.next().done, rows()]).toEqual([true, [RETURNED]]);
});

/** A step that refuses a property of ours. */
class Frozen {
  readonly #isLast: boolean;
  constructor(isLast: boolean) {
    this.#isLast = isLast;
    Object.freeze(this);
  }
  get done(): boolean {
    return this.#isLast;
  }
}

const ownDone = (isLast: boolean) => Object.defineProperty({}, 'done', { get: () => isLast });

test.each<[string, (isLast: boolean) => object]>([
  ['a frozen object with a getter', (isLast) => new Frozen(isLast)],
  ['an object with a getter for ever', ownDone],
  ['a thenable that is frozen', (isLast) => Object.freeze({ done: isLast, then: () => {} })],
])('an iterator whose step is %s is a value', (_what, make) => {
  const { rows } = record();
  const steps = [make(false), make(true)];
  const left = steps.slice();
  const work = traceTask(() => ({ next: () => left.shift(), [Symbol.iterator]: itself }), 'work')();
  expect(rows()).toEqual([]);
  expect(work.next()).toBe(steps[0]);
  expect(rows()).toEqual([RETURNED]);
  expect(work.next()).toBe(steps[1]);
  expect([rows(), reported]).toEqual([[RETURNED], []]);
});

type Run = (resolve: (step: unknown) => void, reject: (error: unknown) => void) => void;

/** Begins when it is awaited, and what comes of it is a plain promise. As itself it never settles. */
class Lazy extends Promise<unknown> {
  static override get [Symbol.species]() {
    return Promise;
  }
  readonly #run: Run;
  #running: Promise<unknown> | undefined;
  constructor(run: Run, asItself: Run = () => {}) {
    super(asItself);
    this.#run = run;
  }
  override then<A, B>(...handlers: Parameters<Promise<unknown>['then']>): Promise<A | B> {
    this.#running ??= new Promise(this.#run);
    return this.#running.then(...handlers) as Promise<A | B>;
  }
}

/** As p-lazy's: as itself it has settled, to nothing, and none can be derived from it. */
class Settled extends Lazy {
  static override get [Symbol.species]() {
    return this as unknown as PromiseConstructor;
  }
  constructor(run: Run) {
    super(run, (resolve) => resolve(undefined));
  }
}

class Sub extends Promise<unknown> {}

const ForeignPromise = runInNewContext('Promise') as PromiseConstructor;
const withCancel = <P extends object>(promise: P) => Object.assign(promise, { cancel: () => 'cancelled' });

/** Promises of steps, and whether they come back as they are. */
const promises: Record<string, [(run: Run) => object, isItself?: false]> = {
  'plain promises': [(run) => new Promise(run), false],
  'plain promises of another realm': [(run) => new ForeignPromise(run), false],
  'promises of a subclass': [(run) => new Sub(run)],
  'promises of Bluebird': [(run) => new Bluebird(run)],
  'promises with members of their own': [(run) => withCancel(new Promise(run))],
  'such promises of another realm': [(run) => withCancel(new ForeignPromise(run))],
  'lazy promises that never settle by themselves': [(run) => new Lazy(run)],
  'lazy promises that have settled by themselves': [(run) => new Settled(run)],
  thenables: [(run) => ({ then: (yes: never, no: never) => run(yes, no) })],
  'thenables that have a method done, too': [
    (run) => ({ done: () => {}, then: (yes: never, no: never) => run(yes, no) }),
  ],
};

/** Bluebird settles in a turn of its own, and takes a millisecond to call a rejection unhandled. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 4; turns++) {
    await turn();
    vi.advanceTimersByTime(5);
  }
}

/** Counts to two, or fails at the second step. */
function stepping(make: (run: Run) => object, fails: boolean) {
  const made: object[] = [];
  let runs = 0;
  return {
    made,
    runs: () => runs,
    next() {
      const value = made.length + 1;
      if (value > 3) throw new Error('it was to end');
      const step = make((resolve, reject) => {
        runs++;
        withSpan(`inside ${value}`, () => {});
        if (fails && value === 2) reject(failure);
        else resolve({ done: value === 3, value });
      });
      made.push(step);
      return step as Promise<IteratorResult<number>>;
    },
    [Symbol.asyncIterator]: itself,
  };
}

describe.each(Object.entries(promises))('an async iterator whose steps are %s', (_what, [make, isItself]) => {
  test.each([false, true])('failing: %s', async (fails) => {
    const { rows } = record();
    const work = traceTask(() => stepping(make, fails), 'work')();
    const got = await all(work as AsyncIterable<number>).catch((error: unknown) => error);
    await settled();
    expect(got).toEqual(fails ? failure : [1, 2]);
    const inside = work.made.map((_step, i): SpanRow => ({ name: `inside ${i + 1}`, parent: 'work' }));
    expect(rows()).toEqual([...inside, fails ? THREW : RETURNED]);
    expect(work.runs()).toBe(work.made.length);
  });

  test('gives what it gave, and is not driven', async () => {
    const { rows } = record();
    const untraced = stepping(make, false);
    untraced.next();
    const work = traceTask(() => stepping(make, false), 'work')();
    const step = work.next();
    expect(step === work.made[0]).toBe(isItself ?? true);
    expect(step.constructor).toBe(untraced.made[0]!.constructor);
    expect('cancel' in step).toBe('cancel' in untraced.made[0]!);
    await turn();
    expect(work.runs()).toBe(untraced.runs());
    expect(await step).toEqual({ done: false, value: 1 });
    await work.next();
    expect(rows().filter(({ name }) => name === 'work')).toEqual([]);
    await work.next();
    expect(rows().at(-1)).toEqual(RETURNED);
  });
});

test.each([
  ['a promise of a subclass', (run: Run) => new Sub(run)],
  ['a promise of Bluebird', (run: Run) => new Bluebird(run)],
])('a rejection that nobody handles, of a step that is %s', async (_what, make) => {
  record();
  const heard = await unhandledDuring(() => {
    const work = traceTask(() => stepping(make, true), 'work')();
    void work.next();
    void work.next();
  }, settled);
  expect(heard).toEqual([failure]);
});

test('who listens to a lazy step is called as it was: where it is, with all that there is', () => {
  const { rows } = record();
  const seen: unknown[] = [];
  const step = {
    then(...handlers: unknown[]) {
      const [yes, , progress] = handlers as ((...values: unknown[]) => void)[];
      withSpan('inside', () => {});
      progress!.call(7, { done: true });
      yes!.call(8, { done: false }, 9);
      seen.push(handlers.length, handlers[1]);
      return step;
    },
  };
  const refusing = {
    then() {
      throw failure;
    },
  };
  const steps: { then(...handlers: unknown[]): unknown }[] = [step, refusing];
  const work = traceTask(() => ({ next: () => steps.shift()!, [Symbol.asyncIterator]: itself }), 'work')();
  const asked = work.next();
  const handler = function (this: unknown, ...values: unknown[]) {
    seen.push(this, values);
    withSpan('handling', () => {});
  };
  withSpan('caller', () => {
    const answer: unknown = Reflect.apply(asked.then, asked, [handler, undefined, handler]);
    expect(answer).toBe(step);
  });
  expect(seen).toEqual([7, [{ done: true }], 8, [{ done: false }, 9], 3, undefined]);
  const throwing = work.next();
  expect(caught(() => Reflect.apply(throwing.then, throwing, []))).toBe(failure);
  expect(rows()).toEqual([
    { name: 'inside', parent: 'work' },
    { name: 'handling', parent: 'caller' },
    { name: 'handling', parent: 'caller' },
    { name: 'caller' },
    THREW,
  ]);
});

test.each(['es2017', 'es2015'])(
  'an async generator that esbuild has lowered to %s is heard',
  async (target) => {
    const { rows } = record();
    const source = `(async function* (failure) {
    yield 1;
    await null;
    yield* (async function* () { yield 2; })();
    if (failure) throw failure;
  })`;
    for (const minify of [false, true]) {
      const { code } = transformSync(`export const work = ${source}`, { target, minify, format: 'cjs' });
      const module = { exports: {} as { work: (failure?: unknown) => AsyncIterable<number> } };
      new Function('module', code)(module);
      const work = traceTask(module.exports.work, 'work');
      expect(await all(work())).toEqual([1, 2]);
      await expect(all(work(failure))).rejects.toBe(failure);
      for await (const _ of work()) break;
    }
    expect(rows()).toEqual([RETURNED, THREW, RETURNED, RETURNED, THREW, RETURNED]);
  },
);

test('what answers by an arrow function is a value where its steps are not its own', () => {
  const { rows } = record();
  const other = numbers();
  const steps = { next: () => other.next(), return: () => other.return(''), throw: () => other.throw(0) };
  const values = [
    { next: steps.next, [Symbol.iterator]: () => other },
    Object.create({ ...steps, [Symbol.iterator]: () => other }) as object,
    { ...steps, [Symbol.iterator]: () => [1].values() },
  ];
  for (const value of values) expect(traceTask(() => value, 'work')()).toBe(value);
  expect(rows()).toEqual(values.map(() => RETURNED));
});

/** Prints as a function of a class in C++ does that was not given a name. */
const nameless = new Proxy(itself, {});

test('an iterator of a class in C++ is heard', () => {
  const { rows } = record();
  const make = () => {
    const iterator = [1, 2].values();
    const { next } = iterator;
    return Object.setPrototypeOf(iterator, { next, [Symbol.iterator]: nameless }) as typeof iterator;
  };
  expect(String(nameless)).toBe('function () { [native code] }');
  const work = traceTask(make, 'work')();
  expect(rows()).toEqual([]);
  expect([...work]).toEqual([1, 2]);
  expect(rows()).toEqual([RETURNED]);
});

test('what answers by a bound function beside a bound next is a value', () => {
  const { rows } = record();
  const list = { next: () => ({ done: true }), [Symbol.iterator]: () => [1].values() };
  const bound = { next: list.next.bind(list), [Symbol.iterator]: list[Symbol.iterator].bind(list) };
  expect(traceTask(() => bound, 'work')()).toBe(bound);
  expect(rows()).toEqual([RETURNED]);
});

test('a thenable, or a promise of a subclass, that is the answer to many calls is heard as one', async () => {
  const { rows } = record();
  let isDone = false;
  const thenable = { then: (yes: (step: unknown) => void) => yes({ done: isDone, value: 7 }) };
  const steps = { thenable, promise: Sub.resolve({ done: false }) };
  let step: object = steps.thenable;
  const work = traceTask(() => ({ next: () => step, [Symbol.asyncIterator]: itself }), 'work')();
  for (let i = 0; i < 20_000; i++) work.next();
  expect(await work.next()).toEqual({ done: false, value: 7 });
  step = steps.promise;
  for (let i = 0; i < 3; i++) work.next();
  expect(await work.next()).toEqual({ done: false });
  expect([Object.getPrototypeOf(step), rows()]).toEqual([Sub.prototype, []]);
  isDone = true;
  step = steps.thenable;
  expect(await work.next()).toEqual({ done: true, value: 7 });
  expect(rows()).toEqual([RETURNED]);
});

test.each(Object.entries(promises))('return and throw that answer %s are heard', async (_what, [make]) => {
  const { rows } = record();
  const iterator = () => ({
    next: () => make((resolve) => resolve({ done: false, value: 1 })),
    return: () => make((resolve) => resolve({})),
    throw: (error: unknown) => make((_resolve, reject) => reject(error)),
    [Symbol.asyncIterator]: itself,
  });
  const traced = traceTask(iterator as unknown as () => Async, 'work');
  const ends = { left: traced(), thrown: traced(), reader: traced() };
  // oxlint-disable-next-line no-unreachable-loop
  for await (const _ of ends.left) break;
  const error = leaving();
  expect(await Promise.resolve(ends.thrown.throw(failure)).catch((thrown: unknown) => thrown)).toBe(failure);
  expect(await Promise.resolve(ends.reader.throw(error)).catch((thrown: unknown) => thrown)).toBe(error);
  await settled();
  expect(rows()).toEqual([RETURNED, THREW, { name: 'work', attributes: { 'oncespan.outcome': 'aborted' } }]);
});

test('a proxy of a step says by the getter behind it whether it is the last', () => {
  const { rows } = record();
  class Step {
    left = 2;
    get done(): boolean {
      return this.left-- === 0;
    }
  }
  const step = new Step();
  const proxy = new Proxy(step, {});
  const work = traceTask(() => ({ next: () => proxy, [Symbol.iterator]: itself }), 'work')();
  expect(Array.from({ length: 2 }, () => work.next().done)).toEqual([false, false]);
  expect([Object.keys(step), Object.hasOwn(step, 'done'), rows()]).toEqual([['left'], false, []]);
  expect(work.next().done).toBe(true);
  expect(rows()).toEqual([RETURNED]);
});
