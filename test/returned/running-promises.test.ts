import { createContext, runInContext } from 'node:vm';
import Bluebird from 'bluebird';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { liveSpans, traceTask } from '../../src/index.ts';
import { caught, record, turn, unhandledDuring } from '../harness.ts';

// Promises that are under way and more than plain ones: the very object comes back, and its span ends when it settles,
// whoever listens to it and how.

const failure = new TypeError('no table');
const RETURNED = { name: 'work' };
const THREW = {
  name: 'work',
  status: 'ERROR no table',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: no table'],
};

let constructed = 0;
class Cancelable<T> extends Promise<T> {
  constructor(executor: ConstructorParameters<typeof Promise<T>>[0]) {
    super(executor);
    constructed++;
  }
  /** Consumes without asking itself for `then`. */
  asCallback(callback: (error: unknown, value?: T) => void): void {
    void super.then(callback.bind(undefined, null), callback);
  }
}

class CatchesByClass<T> extends Promise<T> {
  override catch(...args: never[]): never {
    const [type, handler] = args as unknown as [new () => Error, ((error: unknown) => unknown) | undefined];
    if (handler === undefined) return super.catch(type as never) as never;
    return this.then(undefined, (error: unknown) => {
      if (error instanceof type) return handler(error);
      throw error;
    }) as never;
  }
}

const realm = runInContext('({ Promise, Sub: class extends Promise {} })', createContext()) as {
  Promise: PromiseConstructor;
  Sub: PromiseConstructor;
};

type Make = (
  settle: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void,
) => Promise<unknown>;

const withMember =
  (add: (promise: Promise<unknown>) => unknown): Make =>
  (settle) => {
    const promise = new Promise(settle);
    add(promise);
    return promise;
  };

const kinds: Record<string, Make> = {
  'of a subclass': (settle) => new Cancelable(settle),
  'of a subclass with a catch of its own': (settle) => new CatchesByClass(settle),
  'of a subclass in another realm': (settle) => new realm.Sub(settle),
  'with a method': withMember((promise) => Object.assign(promise, { cancel() {} })),
  'with a method that is not enumerable': withMember((promise) =>
    Object.defineProperty(promise, 'cancel', { value() {} }),
  ),
  'with a method under a symbol': withMember((promise) =>
    Object.assign(promise, { [Symbol.asyncDispose]: async () => {} }),
  ),
  'with data under a symbol': withMember((promise) =>
    Object.assign(promise, { [Symbol('request')]: { id: 7 } }),
  ),
  'with a getter': withMember((promise) =>
    Object.defineProperty(promise, 'state', { get: () => caught(() => 1) }),
  ),
  'of Bluebird': (settle) => new Bluebird(settle) as unknown as Promise<unknown>,
};

/** Bluebird settles in a turn of its own, and takes a millisecond to call a rejection unhandled. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 8; turns++) {
    await turn();
    vi.advanceTimersByTime(5);
  }
}

const uses: Record<string, (promise: Promise<unknown>) => unknown> = {
  nobody: () => {},
  await: async (promise) => await promise,
  'Promise.all': (promise) => Promise.all([promise]),
  then: (promise) => promise.then((value) => value),
  'then, and its rejection is handled': (promise) => promise.then(undefined, () => {}),
  catch: (promise) => promise.catch(() => {}),
  finally: (promise) => promise.finally(() => {}),
  'then, twice': (promise) => [promise.then(String), promise.then(String)],
  'a later turn of microtasks': async (promise) => {
    await null;
    await null;
    await promise;
  },
};

describe.each(Object.entries(kinds))('a promise %s', (_kind, make) => {
  describe.each(Object.entries(uses))('heard by %s', (_use, use) => {
    test.each([
      ['has settled', true],
      ['settles later', false],
    ])(
      'that %s: the same rejections go unhandled, and the span says what became of it',
      async (_when, isSettled) => {
        const run = (wrap: (fn: () => Promise<unknown>) => () => Promise<unknown>) =>
          unhandledDuring(() => {
            let settleAll: (() => void)[] = [];
            const settler = (act: () => void) => void (isSettled ? act() : settleAll.push(act));
            use(wrap(() => make((resolve) => settler(() => resolve(1))))());
            use(wrap(() => make((_, reject) => settler(() => reject(failure))))());
            for (const act of settleAll) act();
            settleAll = [];
          }, settled);
        const alone = await run((fn) => fn);
        const { rows } = record();
        expect(await run((fn) => traceTask(fn, { name: 'work', flush: 'never' }))).toEqual(alone);
        expect(rows().toSorted((a, b) => Number('status' in a) - Number('status' in b))).toEqual([
          RETURNED,
          THREW,
        ]);
        expect(liveSpans()).toEqual([]);
      },
    );
  });

  test('is the same object of the same class, with all that it had', async () => {
    record();
    const promise = make((resolve) => resolve(1));
    const [keys, prototype] = [Reflect.ownKeys(promise), Object.getPrototypeOf(promise) as object];
    const traced = traceTask(() => promise, { flush: 'never' })();
    expect(traced).toBe(promise);
    expect(Reflect.ownKeys(promise)).toEqual(keys);
    expect(prototype.isPrototypeOf(promise)).toBe(true);
    expect(promise.constructor).toBe(prototype.constructor);
    await promise;
    expect(Object.getPrototypeOf(promise)).toBe(prototype);
  });

  test('ends the spans of all traced calls that it goes through', async () => {
    const { rows } = record();
    const inner = traceTask(() => make((resolve) => resolve(1)), { name: 'inner', flush: 'never' });
    await traceTask(() => inner(), { name: 'work', flush: 'never' })();
    expect(rows()).toEqual([{ name: 'inner', parent: 'work' }, RETURNED]);
  });
});

test('a promise keeps a catch and a then of its own', async () => {
  const { rows } = record();
  const catching = Object.assign(Promise.resolve(1), { catch: (_handler: unknown) => 'mine' });
  expect(traceTask(() => catching, { name: 'work', flush: 'never' })().catch(() => {})).toBe('mine');
  await turn();
  const answering = Object.assign(Promise.resolve(1), {
    then: (ok: (value: string) => unknown) => ok('mine'),
  });
  expect(traceTask(() => answering, { name: 'work', flush: 'never' })().then((value) => value)).toBe('mine');
  expect(rows()).toEqual([RETURNED, RETURNED]);
});

test('a subclass is not constructed once more than without us', async () => {
  record();
  const count = async (wrap: (fn: () => Cancelable<number>) => () => Cancelable<number>) => {
    constructed = 0;
    const promise = wrap(() => new Cancelable<number>((resolve) => resolve(1)))();
    await promise;
    return constructed;
  };
  expect(await count((fn) => fn)).toBe(await count((fn) => traceTask(fn, { flush: 'never' })));
});

test('a method that consumes it by way of its own super is heard', async () => {
  const { rows } = record();
  const heard: unknown[] = [];
  const act = () =>
    traceTask(() => new Cancelable((_, reject) => reject(failure)), {
      name: 'work',
      flush: 'never',
    })().asCallback((error) => heard.push(error));
  expect(await unhandledDuring(act)).toEqual([]);
  expect([heard, rows()]).toEqual([[failure], [THREW]]);
});

test('a catch that takes a class goes on doing so', async () => {
  record();
  const make = traceTask(() => new CatchesByClass((_, reject) => reject(failure)), { flush: 'never' });
  const ask = CatchesByClass.prototype.catch as unknown as (
    type: unknown,
    handler: () => string,
  ) => Promise<string>;
  const [own, other] = [make(), make()];
  await expect(ask.call(own, TypeError, () => 'handled')).resolves.toBe('handled');
  await expect(ask.call(other, RangeError, () => 'handled')).rejects.toBe(failure);
});

describe('Bluebird', () => {
  afterEach(settled);

  const task = <T>(fn: () => Bluebird<T>) => traceTask(fn, { name: 'work', flush: 'never' });
  const rejecting = () => Bluebird.reject(failure) as Bluebird<never>;

  test('asCallback, reflect, map, all and return: heard whatever consumes it', async () => {
    const { rows } = record();
    await new Promise<void>((resolve) => void task(rejecting)().asCallback(() => resolve()));
    expect((await task(rejecting)().reflect()).isRejected()).toBe(true);
    expect(await task(() => Bluebird.resolve([1, 2]))().map((n) => n * 2)).toEqual([2, 4]);
    expect(await Bluebird.all([task(() => Bluebird.resolve(1))()])).toEqual([1]);
    expect(await task(() => Bluebird.resolve(1))().return(7)).toBe(7);
    expect(rows()).toEqual([THREW, THREW, RETURNED, RETURNED, RETURNED]);
  });

  test('what waits for it alone can still cancel it', async () => {
    record();
    const { default: Own } = (await import('bluebird/js/release/promise.js' as string)) as {
      default: () => typeof Bluebird;
    };
    const Cancelling = Own();
    Cancelling.config({ cancellation: true });
    let cancelled = 0;
    const slow = traceTask(
      () => new Cancelling((_resolve, _reject, onCancel) => onCancel!(() => cancelled++)),
      { flush: 'never', signal: () => controller.signal },
    );
    const controller = new AbortController();
    slow().then(String).cancel();
    await settled();
    expect(cancelled).toBe(1);
    controller.abort();
  });

  test('catch by class, bind and synchronous inspection work as ever', async () => {
    record();
    const caughtAs = (type: unknown) =>
      Reflect.apply(Bluebird.prototype.catch, task(rejecting)(), [type, () => 'handled']);
    expect(await caughtAs(TypeError)).toBe('handled');
    await expect(caughtAs(RangeError)).rejects.toBe(failure);
    expect(task(() => Bluebird.resolve(7))().value()).toBe(7);
    const self = { tag: 'self' };
    await task(() => Bluebird.resolve(7).bind(self))().then(function (this: unknown) {
      return expect(this).toBe(self);
    });
  });
});

test('who listens late handles it as late as ever, and in the same turn in time', async () => {
  record();
  const late: unknown[] = [];
  const hear = (promise: Promise<unknown>) => void late.push(promise);
  const run = async (wrap: (fn: () => Promise<unknown>) => () => Promise<unknown>) => {
    const make = wrap(() => new Cancelable((_, reject) => reject(failure)));
    const inTime = await unhandledDuring(() => {
      const promise = make();
      process.nextTick(() => process.nextTick(() => promise.catch(() => {})));
    });
    process.on('rejectionHandled', hear);
    let tooLate!: Promise<unknown>;
    const unheard = await unhandledDuring(() => void (tooLate = make()));
    await tooLate.catch(() => {});
    await turn();
    process.off('rejectionHandled', hear);
    return [inTime, unheard, late.splice(0).length];
  };
  const alone = await run((fn) => fn);
  expect(alone).toEqual([[], [failure], 1]);
  expect(await run((fn) => traceTask(fn, { flush: 'never' }))).toEqual(alone);
});

test('what passes for an async function, and gives its promise members, keeps them', () => {
  record();
  const proxy = new Proxy(async (n: number) => n, {
    apply: (fn, self, args) =>
      Object.assign(Reflect.apply(fn, self, args) as object, { cancel: () => 'cancelled' }),
  }) as unknown as (n: number) => Promise<number> & { cancel(): string };
  expect(traceTask(proxy, { flush: 'never' })(1).cancel()).toBe('cancelled');
  const again = traceTask(traceTask(proxy, { flush: 'never' }), { flush: 'never' });
  expect(again(1).cancel()).toBe('cancelled');
});

test('what only inherits from Promise is a value, and stays as it was', () => {
  const { rows } = record();
  const pretender = Object.create(Promise.prototype) as object;
  expect(traceTask(() => pretender, { name: 'work', flush: 'never' })()).toBe(pretender);
  expect(Object.getPrototypeOf(pretender)).toBe(Promise.prototype);
  expect(rows()).toEqual([RETURNED]);
});

/** As those of zone.js look from outside. */
class ZoneLike {
  __zone_symbol__state: boolean | null;
  readonly __zone_symbol__value: unknown;
  readonly asked: unknown[][] = [];
  constructor(state: boolean | null, value?: unknown) {
    this.__zone_symbol__state = state;
    this.__zone_symbol__value = value;
  }
  then(...handlers: ((value: unknown) => void)[]) {
    this.asked.push(handlers);
  }
}

test('one of zone.js’ tells by its state whether it has settled; only one that has not is listened to', () => {
  const { rows } = record();
  const resultAttributes = (value: unknown) => ({ value: String(value) });
  const work = (made: ZoneLike) =>
    traceTask(() => made, { name: 'work', flush: 'never', resultAttributes })();
  expect(work(new ZoneLike(true, 7)).asked).toEqual([]);
  expect(work(new ZoneLike(false, failure)).asked).toEqual([]);
  const returned = { name: 'work', attributes: { value: '7' } };
  expect(rows()).toEqual([returned, THREW]);
  const { asked } = work(new ZoneLike(null));
  expect([asked.length, rows().length]).toEqual([1, 2]);
  (asked[0]![0] as (value: unknown) => void)(7);
  expect(rows()).toEqual([returned, THREW, returned]);
});

test('a method that has the name of one of Bluebird’s is not called', async () => {
  const { rows } = record();
  const asked = vi.fn();
  class Sub<T> extends Promise<T> {
    _target() {
      return asked();
    }
  }
  expect(await traceTask(() => Sub.resolve(7), { name: 'work', flush: 'never' })()).toBe(7);
  expect([asked.mock.calls, rows()]).toEqual([[], [{ name: 'work' }]]);
});

test('one that is closed to others is a value', async () => {
  const { rows } = record();
  const closed = traceTask(() => Object.preventExtensions(Cancelable.resolve(7)), 'work')();
  expect(rows()).toEqual([RETURNED]);
  expect(await closed).toBe(7);
});

test('while it is under way it has the properties that it had, and no more', async () => {
  record();
  class Base<T> extends Promise<T> {}
  // As compilers for ES5 leave it.
  Object.defineProperty(Base.prototype, 'constructor', { value: Base, enumerable: true });
  class Derived<T> extends Base<T> {}
  Reflect.deleteProperty(Derived.prototype, 'constructor');
  const keysOf = (of: object) => {
    const keys: string[] = [];
    for (const key in of) keys.push(key);
    return keys;
  };
  let resolve!: (value: number) => void;
  const promise = new Derived<number>((settle) => (resolve = settle));
  const before = keysOf(promise);
  expect(before).toEqual(['constructor']);
  expect(traceTask(() => promise, 'work')()).toBe(promise);
  expect([keysOf(promise), '_target' in promise]).toEqual([before, false]);
  resolve(7);
  expect(await promise).toBe(7);
});
