import { describe, expect, test } from 'vitest';
import { Traced, Untraced, withSpan } from '../../src/index.ts';
import { record, reported } from '../harness.ts';

type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

const PLACE = Symbol('place');

class Repository {
  readonly rows = new Map<string, number>([['a', 1]]);

  @Traced()
  find(id: string): number | undefined {
    return this.rows.get(id);
  }

  @Traced()
  async load(id: string, fallback = 0): Promise<number> {
    return this.rows.get(id) ?? fallback;
  }

  @Traced()
  static open(name: string): string {
    return `${this.name}:${name}`;
  }

  @Traced()
  [PLACE](id: string): string {
    return `${id} of ${this.rows.size}`;
  }

  @Traced('custom')
  named(): this {
    return this;
  }

  @Traced({ name: (id: string) => `row ${id}`, attributes: (id) => ({ 'row.id': id }) })
  described(id: string): string {
    return id;
  }

  over(id: string): string;
  over(id: number): number;
  @Traced()
  over(id: string | number): string | number {
    return id;
  }

  @Traced()
  first<T>(items: readonly T[]): T | undefined {
    return items[0];
  }
}

test('methods, statics, symbols: called as they are, named after their class', async () => {
  const { rows } = record();
  const repository = new Repository();
  expect(repository.find('a')).toBe(1);
  expect(await repository.load('b', 7)).toBe(7);
  expect(Repository.open('db')).toBe('Repository:db');
  expect(repository[PLACE]('x')).toBe('x of 1');
  expect(repository.named()).toBe(repository);
  expect(repository.described('z')).toBe('z');
  expect(repository.over(3)).toBe(3);
  expect(repository.first(['one'])).toBe('one');
  expect(rows()).toEqual([
    { name: 'Repository.find' },
    { name: 'Repository.load' },
    { name: 'Repository.open' },
    { name: 'Repository.[place]' },
    { name: 'custom' },
    { name: 'row z', attributes: { 'row.id': 'z' } },
    { name: 'Repository.over' },
    { name: 'Repository.first' },
  ]);
});

test('the wrapped method looks like the method: name, length, attributes of the property, not enumerable', () => {
  const { load } = Repository.prototype;
  expect([load.name, load.length]).toEqual(['load', 1]);
  expect(Object.getOwnPropertyDescriptor(Repository.prototype, 'load')).toMatchObject({
    enumerable: false,
    configurable: true,
    writable: true,
  });
  expect(Object.getOwnPropertyDescriptor(Repository.prototype, PLACE)?.value.name).toBe('[place]');
});

class Special extends Repository {
  @Traced()
  override find(id: string): number | undefined {
    return super.find(id);
  }
}

class Plain extends Repository {
  override find(id: string): number | undefined {
    return super.find(id);
  }
}

test('inherited and overridden methods: a span each time a decorated method runs, named after where it stands', () => {
  const { rows } = record();
  new Special().find('a');
  new Plain().find('a');
  new Special().named();
  Special.open('db');
  expect(rows()).toEqual([
    { name: 'Repository.find', parent: 'Special.find' },
    { name: 'Special.find' },
    { name: 'Repository.find' },
    { name: 'custom' },
    { name: 'Repository.open' },
  ]);
});

test('a method that is called without its object', () => {
  const { rows } = record();
  class Loose {
    @Traced()
    answer() {
      return 42;
    }
  }
  class Stranger {}
  const { answer } = Loose.prototype;
  expect((answer as (this: unknown) => number).call(undefined)).toBe(42);
  expect((answer as (this: unknown) => number).call(new Stranger())).toBe(42);
  new Loose().answer();
  const [alone, borrowed, own] = rows().map(({ name }) => name);
  expect(['answer', 'Loose.answer']).toContain(alone);
  expect(['Stranger.answer', 'Loose.answer']).toContain(borrowed);
  expect(own).toBe('Loose.answer');
  expect(reported).toEqual([]);
});

/** A decorator of somebody else, which wraps too. */
function Other() {
  const wrap = (method: AnyMethod): AnyMethod =>
    function (this: unknown, ...args) {
      return Reflect.apply(method, this, args);
    };
  return (target: unknown, _where: unknown, descriptor?: PropertyDescriptor): never => {
    if (descriptor === undefined) return wrap(target as AnyMethod) as never;
    descriptor.value = wrap(descriptor.value as AnyMethod);
    return descriptor as never;
  };
}

test('under a decorator that wraps: still one span, none, and the name of the class', () => {
  const { rows } = record();
  @Traced()
  class Guarded {
    @Other()
    @Traced('once')
    once() {}

    @Traced()
    @Other()
    @Traced('inner')
    twice() {}

    @Other()
    @Untraced()
    never() {}

    @Other()
    plain() {}

    @Other()
    @Untraced()
    static never() {}

    @Other()
    @Traced('static')
    static once() {}

    @Other()
    static twice() {}
  }
  class Base {
    @Other()
    @Traced()
    work() {}
  }
  class Sub extends Base {}
  const guarded = new Guarded();
  guarded.once();
  guarded.twice();
  guarded.never();
  guarded.plain();
  Guarded.never();
  Guarded.once();
  Guarded.twice();
  new Sub().work();
  new Base().work();
  expect(rows()).toEqual([
    { name: 'once' },
    { name: 'inner' },
    { name: 'Guarded.plain' },
    { name: 'static' },
    { name: 'Guarded.twice' },
    { name: 'Base.work' },
    { name: 'Base.work' },
  ]);
});

test('a class whose methods are enumerable, as compilers for ES5 leave them', () => {
  const { rows } = record();
  function Old() {}
  Old.prototype.work = () => 7;
  const decorate = Traced() as (type: unknown) => void;
  decorate(Old);
  expect(new (Old as unknown as new () => { work: () => number })().work()).toBe(7);
  expect(rows()).toEqual([{ name: 'Old.work' }]);
});

test('a class whose methods cannot be replaced', () => {
  const { rows } = record();
  class Frozen {
    work() {
      return 7;
    }
  }
  Object.freeze(Frozen.prototype);
  const decorate = Traced() as (type: unknown) => void;
  decorate(Frozen);
  expect(new Frozen().work()).toBe(7);
  expect(rows()).toEqual([]);
  expect(reported).toEqual([['oncespan: @Traced() on Frozen: work cannot be replaced; it is not traced']]);
});

test('an async method says that it is one', async () => {
  record();
  class Tagged {
    @Traced()
    async work() {}
  }
  const method = Object.getOwnPropertyDescriptor(Tagged.prototype, 'work')!.value as object;
  expect(Object.prototype.toString.call(method)).toBe('[object AsyncFunction]');
});

test('a method on a frozen or proxied object, or one without a prototype', () => {
  const { spans } = record();
  const find = Repository.prototype.find as (this: object, id: string) => unknown;
  const rows = new Map([['a', 1]]);
  expect(find.call(Object.freeze({ rows }), 'a')).toBe(1);
  expect(find.call(Object.assign(Object.create(null) as object, { rows }), 'a')).toBe(1);
  expect(find.call(new Proxy(new Repository(), {}), 'a')).toBe(1);
  expect(spans()).toHaveLength(3);
});

describe('a class', () => {
  @Traced({ attributes: { team: 'orders' } })
  class Orders {
    static Row = class {};
    static onPlaced = () => 'callback';
    price = () => 9;

    static create(): Orders {
      return new this();
    }

    place(): string {
      return this.check();
    }

    check(): string {
      return 'checked';
    }

    @Traced('own')
    decorated(): number {
      return 1;
    }

    @Untraced()
    quiet(): number {
      return 2;
    }

    get total(): number {
      return 3;
    }
  }

  test('every method of its own, and static methods; one span where a method is decorated too', () => {
    const { rows } = record();
    const orders = Orders.create();
    expect(orders).toBeInstanceOf(Orders);
    orders.place();
    orders.decorated();
    orders.quiet();
    expect([orders.total, orders.price(), Orders.onPlaced()]).toEqual([3, 9, 'callback']);
    expect(new Orders.Row()).toBeInstanceOf(Orders.Row);
    const attributes = { team: 'orders' };
    expect(rows()).toEqual([
      { name: 'Orders.create', attributes },
      { name: 'Orders.check', parent: 'Orders.place', attributes },
      { name: 'Orders.place', attributes },
      { name: 'own' },
    ]);
  });

  test('a static method and one of the instances, of the same name, are two', () => {
    const { rows } = record();
    @Traced()
    class Cache {
      @Untraced()
      static clear() {}

      clear() {}

      static fill() {}

      @Untraced()
      fill() {}
    }
    Cache.clear();
    new Cache().clear();
    Cache.fill();
    new Cache().fill();
    expect(rows()).toEqual([{ name: 'Cache.clear' }, { name: 'Cache.fill' }]);
  });

  test('one function under two keys stays one, and is named after the first', () => {
    const { rows } = record();
    class List {
      values() {
        return 7;
      }
      declare [Symbol.iterator]: () => number;
      static values() {}
    }
    const { prototype } = List;
    Object.defineProperty(prototype, Symbol.iterator, {
      value: prototype.values,
      configurable: true,
      writable: true,
    });
    Traced()(List);
    expect(prototype[Symbol.iterator]).toBe(prototype.values);
    expect([new List()[Symbol.iterator](), List.values()]).toEqual([7, undefined]);
    expect(rows()).toEqual([{ name: 'List.values' }, { name: 'List.values' }]);
  });

  test('a method under a symbol without a description', () => {
    const { rows } = record();
    const key = Symbol();
    @Traced()
    class Keyed {
      [key]() {}
    }
    new Keyed()[key]();
    expect(rows()).toEqual([{ name: 'Keyed.[]' }]);
  });

  test('a name stands for the class’s', () => {
    const { rows } = record();
    @Traced('billing')
    class Invoices {
      send() {}
    }
    new Invoices().send();
    expect(rows()).toEqual([{ name: 'billing.send' }]);
  });

  test('only methods that the class itself declares', () => {
    const { rows } = record();
    @Traced()
    class Sub extends Plain {
      extra() {
        return this.find('a');
      }
    }
    new Sub().extra();
    expect(rows()).toEqual([{ name: 'Repository.find', parent: 'Sub.extra' }, { name: 'Sub.extra' }]);
  });
});

test('decorated twice, a method makes one span', () => {
  const { rows } = record();
  class Twice {
    @Traced('outer')
    @Traced('inner')
    run() {}
  }
  new Twice().run();
  expect(rows()).toEqual([{ name: 'inner' }]);
});

test('spans nest by what called what', async () => {
  const { rows } = record();
  const repository = new Repository();
  await withSpan('request', async () => {
    await repository.load('a');
    repository.find('a');
  });
  expect(rows()).toEqual([
    { name: 'Repository.load', parent: 'request' },
    { name: 'Repository.find', parent: 'request' },
    { name: 'request' },
  ]);
});

describe('misuse is a TypeError while decorating, and says what to write', () => {
  const decorate = Traced as (...args: unknown[]) => (...args: unknown[]) => unknown;
  const decorateUntraced = Untraced() as (...args: unknown[]) => unknown;
  const getter = { get: () => 1, configurable: true };
  const method = { value: () => 1, configurable: true };
  const cases: [string, () => unknown, string][] = [
    [
      'a legacy getter',
      () => decorate()(Repository.prototype, 'total', getter),
      '@Traced() on Repository.total: no accessor can be traced; move the work into a method and decorate that',
    ],
    [
      'a standard getter',
      () => decorate()(() => 1, { kind: 'getter', name: 'total' }),
      '@Traced() on total: no getter can be traced; move the work into a method and decorate that',
    ],
    [
      'a standard accessor',
      () => decorate()({}, { kind: 'accessor', name: 'total' }),
      '@Traced() on total: no accessor can be traced; move the work into a method and decorate that',
    ],
    [
      'a legacy field',
      () => decorate()(Repository.prototype, 'rows'),
      '@Traced() on Repository.rows: no field can be traced; write a method, or use standard decorators, which can wrap a field that holds a function',
    ],
    [
      'a parameter',
      () => decorate()(Repository.prototype, 'find', 0),
      '@Traced() on Repository.find: no parameter can be traced; move the work into a method and decorate that',
    ],
    [
      'a parameter of a constructor',
      () => decorate()(Repository, undefined, 0),
      '@Traced() on Repository.constructor: no parameter can be traced; move the work into a method and decorate that',
    ],
    [
      'no call, legacy',
      () => decorate(Repository.prototype, 'find', method),
      '@Traced is used without being called; write @Traced()',
    ],
    [
      'no call, standard or class',
      () => decorate(() => 1),
      '@Traced is used without being called; write @Traced()',
    ],
    [
      'an unknown option',
      () => decorate({ timeout: 5 }),
      "@Traced(): there is no option 'timeout'; the options are abortGraceMs, attributes, cancellation, covers, enabled, ignoreErrors, kind, links, name, relation, resultAttributes, signal, timeoutMs",
    ],
    [
      'a negative number',
      () => decorate({ timeoutMs: -1 }),
      "@Traced(): option 'timeoutMs' is -1; give a number of milliseconds, 0 or more, or a function",
    ],
    [
      '@Untraced() on a field',
      () => (Untraced() as (...args: unknown[]) => unknown)({}, 'x'),
      '@Untraced() on x: only a method can be left out; remove it',
    ],
    [
      '@Untraced() on a class, standard',
      () => decorateUntraced(class {}, { kind: 'class', name: 'Orders' }),
      '@Untraced() on Orders: only a method can be left out; remove it',
    ],
    [
      '@Untraced() on a class without a name, standard',
      () => decorateUntraced(undefined, { kind: 'class', name: undefined }),
      '@Untraced() on a class: only a method can be left out; remove it',
    ],
    [
      '@Untraced() on a class, legacy',
      () => decorateUntraced(class {}),
      '@Untraced() on a class: only a method can be left out; remove it',
    ],
  ];
  test.each(cases)('%s', (_what, act, message) => {
    expect(act).toThrow(new TypeError(message));
    expect(reported).toEqual([]);
  });
});
