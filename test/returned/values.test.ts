import { PassThrough, Readable } from 'node:stream';
import { type Observable, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { liveSpans, Traced, traceTask } from '../../src/index.ts';
import { caught, record, reported } from '../harness.ts';

// What the call's span does not wait for: it ends when the call returns, and the object is not touched.

const RETURNED = { name: 'work' };

function* numbers() {
  yield 1;
}

/** One of each kind, and what shows that it still works. */
const kinds: Record<string, [() => object, (value: never) => unknown]> = {
  'an iterator': [numbers, (value: Iterable<number>) => [...value]],
  'a thenable': [() => ({ then: (ok: (value: number) => void) => ok(7) }), async (value) => await value],
  'an observable': [
    () => of(7),
    (value: Observable<number>) => new Promise((resolve) => value.subscribe(resolve)),
  ],
  'a Node stream': [() => Readable.from(['a']), (value: Readable) => value.eventNames()],
  'a web stream': [() => new ReadableStream(), (value: ReadableStream) => value.locked],
};

const proxyThat = (value: object, answers: () => boolean) =>
  new Proxy(value, { defineProperty: answers, setPrototypeOf: answers });

const refusals: Record<string, (value: object) => object> = {
  frozen: Object.freeze,
  sealed: Object.preventExtensions,
  'a proxy that refuses definitions': (value) => proxyThat(value, () => false),
  'a proxy that throws at definitions': (value) =>
    proxyThat(value, () => {
      throw new Error('no');
    }),
  'a proxy that only pretends to define': (value) => proxyThat(value, () => true),
};

describe.each(Object.entries(kinds))('%s that cannot be instrumented', (kind, [make, use]) => {
  test.each(Object.entries(refusals))('%s', async (how, refuse) => {
    // An own property can be replaced in an object that takes no new ones.
    if (kind === 'a thenable' && how === 'sealed') return;
    const { rows } = record();
    const value = refuse(make());
    expect(traceTask(() => value, 'work')()).toBe(value);
    expect(rows()).toEqual([RETURNED]);
    // A proxy of an object with private parts works as little as before.
    if (!how.includes('proxy')) await use(value as never);
  });
});

describe('an object that does not like to be looked at', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no');
      },
      has() {
        throw new Error('no');
      },
    },
  );
  const getters = {
    get then(): never {
      throw new Error('no');
    },
  };
  test.each([
    ['a revoked proxy', revoked.proxy],
    ['a proxy whose traps throw', hostile],
    ['a getter that throws', getters],
  ])('%s', (_what, value) => {
    const { rows } = record();
    expect(traceTask(() => [value], 'work')()[0]).toBe(value);
    // In a box, because the test would look at it.
    const box: unknown[] = [];
    traceTask(() => value, 'work').call(undefined);
    box.push(value);
    expect(rows()).toEqual([RETURNED, RETURNED]);
    expect(reported).toEqual([]);
  });
});

test('values', () => {
  const { rows } = record();
  class Entity {
    id = 1;
    next = 'page';
  }
  const values = [
    undefined,
    null,
    0,
    'text',
    Symbol('s'),
    1n,
    {},
    Object.create(null),
    [],
    new Map(),
    new Date(),
    new Entity(),
    new Error('a value'),
    new URL('http://localhost'),
    Buffer.from('a'),
    () => 7,
    Object.assign(() => 7, { then: () => 7 }),
    { then: 'later' },
    { subscribe: true, next: 1, emit: 2, getReader: 3 },
    new Response('text'),
    new AbortController(),
  ];
  for (const value of values) expect(traceTask(() => value, 'work')()).toBe(value);
  expect(rows()).toEqual(values.map(() => RETURNED));
});

describe('what was out before the call', () => {
  test.each(Object.entries(kinds))('%s that is an argument', (_kind, [make]) => {
    const { rows } = record();
    const value = make();
    const before = Object.getOwnPropertyNames(value);
    expect(traceTask((_first: number, second: object) => second, 'work')(1, value)).toBe(value);
    expect(rows()).toEqual([RETURNED]);
    expect(Object.getOwnPropertyNames(value)).toEqual(before);
  });

  test('this, of a fluent builder that is lazy itself', async () => {
    const { rows } = record();
    class Query {
      runs = 0;
      @Traced({ name: 'work' })
      where() {
        return this;
      }
      then(ok: (value: number) => void) {
        ok(++this.runs);
      }
    }
    const query = new Query();
    expect(query.where().where()).toBe(query);
    expect(rows()).toEqual([RETURNED, RETURNED]);
    expect(await (query as unknown as Promise<number>)).toBe(1);
    expect(rows()).toEqual([RETURNED, RETURNED]);
  });

  test('a one-shot object that a second call returns is still the first call’s work', async () => {
    const { rows } = record();
    const work = traceTask(numbers, 'made')();
    const again = traceTask(() => work, 'found');
    again();
    expect(rows()).toEqual([{ name: 'found' }]);
    expect([...work]).toEqual([1]);
    expect(rows()).toEqual([{ name: 'found' }, { name: 'made' }]);
    again();
    expect(rows()).toEqual([{ name: 'found' }, { name: 'made' }, { name: 'found' }]);
  });

  test('a cached observable: no subscriber of later runs under the call that returned it first', () => {
    const { rows } = record();
    const changes = of(1);
    const watch = traceTask(() => changes, 'work');
    watch();
    watch();
    watch().subscribe();
    expect(liveSpans()).toEqual([]);
    expect(rows()).toEqual([RETURNED, RETURNED, RETURNED]);
    expect(Object.hasOwn(changes, 'subscribe')).toBe(false);
  });

  test('an error of a call that returns nothing does not matter to it', () => {
    const { rows } = record();
    const stream = new PassThrough();
    const failure = new TypeError('no');
    const fail = traceTask((_stream: PassThrough) => {
      throw failure;
    }, 'work');
    expect(caught(() => fail(stream))).toBe(failure);
    expect(rows()).toHaveLength(1);
    expect(Object.hasOwn(stream, 'emit')).toBe(false);
  });
});
