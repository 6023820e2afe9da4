import { expect, test } from 'vitest';
import { Traced } from '../../src/index.ts';
import { record, reported } from '../harness.ts';

// What only standard decorators can decorate.

class Vault {
  #secret = 7;

  open(): number {
    return this.#unlock(1);
  }

  @Traced()
  #unlock(times: number): number {
    return this.#secret * times;
  }

  @Traced()
  static #create(): Vault {
    return new Vault();
  }

  static make(): Vault {
    return Vault.#create();
  }

  @Traced()
  close = (after: number): number => this.#secret + after;

  @Traced('static field')
  static peek = (): string => 'peeked';

  @Traced()
  static look = (): string => 'looked';
}

class Sub extends Vault {}

test('#private methods, and fields that hold a function', () => {
  const { rows } = record();
  const vault = Vault.make();
  expect([vault.open(), vault.close(3), Vault.peek(), Vault.look()]).toEqual([7, 10, 'peeked', 'looked']);
  expect(vault.close).toHaveLength(1);
  expect(new Sub().close(1)).toBe(8);
  expect(rows()).toEqual([
    { name: 'Vault.#create' },
    { name: 'Vault.#unlock' },
    { name: 'Vault.close' },
    { name: 'static field' },
    { name: 'Vault.look' },
    { name: 'Sub.close' },
  ]);
});

test('a #private method is named after the object it is called on, each time', () => {
  const { rows } = record();
  class Other extends Vault {}
  new Other().open();
  new Vault().open();
  expect(rows()).toEqual([{ name: 'Other.#unlock' }, { name: 'Vault.#unlock' }]);
});

test('a method that is called on an object whose prototypes have no end', () => {
  class Orders {
    @Traced()
    place(): string {
      return 'placed';
    }
  }
  const { rows } = record();
  const endless: object = new Proxy({}, { getPrototypeOf: () => endless });
  expect(Reflect.apply(Orders.prototype.place, endless, [])).toBe('placed');
  expect(Reflect.apply(Orders.prototype.place, undefined, [])).toBe('placed');
  expect(rows()).toEqual([{ name: 'Object.place' }, { name: 'place' }]);
});

test('a field that holds a function which refuses to be looked at', () => {
  const { rows } = record();
  class Late {
    @Traced()
    handler = new Proxy(() => 7, { ownKeys: () => expect.unreachable() });
  }
  expect(new Late().handler()).toBe(7);
  expect(rows()).toEqual([]);
  expect(reported).toEqual([['oncespan: @Traced() on handler threw', expect.any(Error)]]);
});

test('a field that turns out to hold something else is reported, and left as it is', () => {
  record();
  class Late {
    @Traced()
    handler = 'nothing to call' as unknown as () => void;
  }
  expect(new Late().handler).toBe('nothing to call');
  expect(reported).toEqual([
    ["oncespan: @Traced() on handler: the field holds 'nothing to call', not a function; it is not traced"],
  ]);
});
