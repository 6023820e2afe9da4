import { runInNewContext } from 'node:vm';
import { asFunction, asValue, createContainer } from 'awilix';
import { describe, expect, test } from 'vitest';
import { Traced, traceTask } from '../src/index.ts';
import { record, reported } from './harness.ts';

// What a wrapped function still has to be.

const failure = new TypeError('no stock');
const fail = () => {
  throw failure;
};

function* numbers() {
  yield 1;
}

class Point {
  x: number;
  constructor(x: number) {
    this.x = x;
  }
}

/** A constructor from before there were classes. */
function Old(this: { x: number }, x: number) {
  this.x = x;
}
Old.prototype.norm = function norm(this: { x: number }) {
  return Math.abs(this.x);
};
type Oldish = new (x: number) => { x: number; norm(): number };

test('a generator’s objects are instances of it', () => {
  record();
  const traced = traceTask(numbers, { flush: 'never' });
  const iterator = traced();
  expect(iterator instanceof traced).toBe(true);
  expect(iterator instanceof numbers).toBe(true);
  expect([...iterator]).toEqual([1]);
});

test('new makes what the function makes, and its subclasses can be made', () => {
  const { rows } = record();
  const TracedOld = traceTask(Old, { flush: 'never' }) as unknown as Oldish;
  const point = new TracedOld(-3);
  expect([point instanceof TracedOld, point instanceof Old, point.norm()]).toEqual([true, true, 3]);
  class Sub extends TracedOld {}
  const sub = new Sub(-4);
  expect([sub instanceof Sub, sub instanceof Old, sub.norm()]).toEqual([true, true, 4]);
  expect(rows()).toEqual([]);
});

test.each<[string, () => unknown]>([
  ['an arrow function', () => 1],
  ['an async function', async function () {}],
  ['a generator', numbers],
  ['a method', { method() {} }.method],
])('new of %s is refused as ever', (_what, fn) => {
  record();
  const construct = (target: unknown) => () => new (target as new () => unknown)();
  expect(construct(fn)).toThrow(TypeError);
  expect(construct(traceTask(fn, { flush: 'never' }))).toThrow(/is not a constructor/);
});

test('its source is that of the function, for who injects by the names of parameters', () => {
  record();
  const repository = traceTask(function repository(db: string, clock: number) {
    return { db, clock };
  });
  expect(String(repository)).toMatch(/^function repository\d*\(db/);
  expect(Object.keys(repository)).toEqual([]);
  const container = createContainer({ injectionMode: 'CLASSIC' });
  container.register({ db: asValue('the db'), clock: asValue(7), repository: asFunction(repository) });
  expect(container.resolve('repository')).toEqual({ db: 'the db', clock: 7 });
});

test('a source that it gives out itself, or that its class does, is not replaced', () => {
  const fn = Object.assign(() => 1, { toString: () => 'mine' });
  expect(String(traceTask(fn))).toBe('mine');
  class Callable extends Function {
    override toString() {
      return 'of the class';
    }
  }
  expect(String(traceTask(new Callable('return 1') as () => number))).toBe('of the class');
  const foreign = runInNewContext('(function foreign(db) {})') as () => void;
  expect(String(traceTask(foreign))).toBe('function foreign(db) {}');
});

test('a function that claims properties which it has not, or will not show', () => {
  const { rows } = record();
  const fn = Object.assign(() => 7, { own: 8, hidden: 9 });
  const traced = traceTask(
    new Proxy(fn, {
      ownKeys: () => ['ghost', 'hidden', 'own'],
      getOwnPropertyDescriptor(target, key) {
        if (key === 'hidden') throw failure;
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
    }),
    'work',
  );
  expect([traced(), traced.own, 'ghost' in traced, 'hidden' in traced]).toEqual([7, 8, false, false]);
  expect(rows()).toEqual([{ name: 'work' }]);
  expect(reported).toEqual([['oncespan: reading a property threw', failure]]);
});

test('a class that is bound has instances', () => {
  record();
  const Bound = traceTask(Point.bind(null as never) as never, { flush: 'never' }) as new (x: number) => Point;
  const point = new Bound(3);
  expect([point.x, point instanceof Bound, point instanceof Point, {} instanceof Bound]).toEqual([
    3,
    true,
    true,
    false,
  ]);
});

test('a prototype that is replaced later is that of what new makes', () => {
  record();
  const Later = traceTask(
    function (this: { x: number }, x: number) {
      this.x = x;
    },
    { flush: 'never' },
  ) as unknown as Oldish & { prototype: object };
  Later.prototype = { norm: Old.prototype.norm };
  const later = new Later(-4);
  expect([later.norm(), later instanceof Later]).toEqual([4, true]);
});

test('symbols, name, length and being an async function', () => {
  const tag = Symbol('tag');
  const fn = Object.assign(async function named(_a: number, _b: number) {}, { [tag]: 7, own: 8 });
  const traced = traceTask(fn);
  expect([traced[tag], traced.own, traced.name, traced.length]).toEqual([7, 8, 'named', 2]);
  expect(Object.prototype.toString.call(traced)).toBe('[object AsyncFunction]');
});

describe('a class is not wrapped as if it were a function', () => {
  test('traceTask refuses it, and says what to write', () => {
    expect(() => traceTask(Point as never)).toThrow(
      new TypeError('traceTask(): Point is a class; give a function that makes an instance'),
    );
  });

  test('a method that is called `class` is none', () => {
    const { rows } = record();
    class Element {
      class(name: string) {
        return name;
      }
      class$() {
        return 'all';
      }
    }
    const { prototype } = Element;
    expect(traceTask(prototype.class)('a')).toBe('a');
    expect(traceTask(prototype.class$)()).toBe('all');
    const matcher = {
      class(error: unknown) {
        return error === failure;
      },
    };
    const throwing = traceTask(fail, { name: 'ignored', ignoreErrors: matcher.class });
    expect(throwing).toThrow(failure);
    Traced()(Element);
    expect([new Element().class('b'), new Element().class$()]).toEqual(['b', 'all']);
    expect(rows()).toEqual([
      { name: 'class' },
      { name: 'class$' },
      { name: 'ignored', attributes: { 'oncespan.outcome': 'ignored' } },
      { name: 'Element.class' },
      { name: 'Element.class$' },
    ]);
  });

  test('a class-level @Traced() leaves members that are classes alone', () => {
    const { rows } = record();
    class Orders {
      place() {
        return new (this as unknown as { Line: typeof Point }).Line(1).x;
      }
    }
    Object.defineProperty(Orders.prototype, 'Line', { value: Point, configurable: true, writable: true });
    Object.defineProperty(Orders, 'Line', { value: Point, configurable: true, writable: true });
    Traced()(Orders);
    expect((Orders as unknown as { Line: unknown }).Line).toBe(Point);
    expect(new Orders().place()).toBe(1);
    expect(rows()).toEqual([{ name: 'Orders.place' }]);
    expect(reported).toEqual([]);
  });
});
