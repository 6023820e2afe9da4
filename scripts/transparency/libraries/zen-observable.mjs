import { createRequire } from 'node:module';
import { failure } from '../entries.mjs';
import { observables } from '../shared/observables.mjs';

const require = createRequire(import.meta.url);
const { Observable } = require('zen-observable/index.js').Observable
  ? require('zen-observable/index.js')
  : { Observable: require('zen-observable') };

const make = (values = [1], end = 'complete') =>
  new Observable((observer) => {
    for (const value of values) observer.next(value);
    if (end === 'complete') observer.complete();
    else if (end !== 'never') observer.error(end);
  });

export async function suite(kit) {
  const { trace, check, add } = kit;
  await observables(kit, 'Observable', make);
  const all = async (observable) => {
    const said = [];
    await observable.forEach((value) => said.push(value));
    return said;
  };
  const of = trace((...values) => Observable.of(...values));
  const from = trace((source) => Observable.from(source));
  await check('of, from', async () => [await all(of(1, 2)), await all(from([3])), await all(from(of(4)))]);
  await check('from one is that one', () => {
    const one = of(1);
    return from(one) === one;
  });
  await check('map, filter, reduce, flatMap, concat: arguments', async (log) => [
    await all(
      of(1, 2).map((...args) => {
        log(...args);
        return args[0] * 2;
      }),
    ),
    await all(
      of(1, 2).filter((...args) => {
        log(...args);
        return args[0] > 1;
      }),
    ),
    await all(
      of(1, 2).reduce((...args) => {
        log(...args);
        return args[0] + args[1];
      }),
    ),
    await all(of(1, 2).flatMap((value) => of(value, value))),
    await all(of(1).concat(of(2), of(3))),
  ]);
  await check('forEach: a second argument that ends it', async (log) =>
    failure(() =>
      trace(() => make([1, 2, 3]))().forEach((value, cancel) => {
        log(value);
        if (value === 2) cancel();
      }),
    ),
  );
  await check('forEach: an error', () =>
    failure(() => trace(() => make([1], new RangeError('mine')))().forEach(() => {})),
  );
  await check('the subscriber function: this, cleanup', async (log) => {
    const got = trace(
      () =>
        new Observable(function (observer) {
          log(this === undefined, typeof observer.next, observer.closed);
          observer.next(1);
          return () => log('cleanup');
        }),
    )();
    const subscription = got.subscribe((value) => log(value));
    await undefined;
    subscription.unsubscribe();
    return [subscription.closed, subscription.constructor.name];
  });
  await check('start() gets the subscription', (log) => {
    const got = trace(() => make([1, 2], 'never'))();
    const subscription = got.subscribe({
      start(given) {
        log(typeof given.unsubscribe, this !== undefined);
        given.unsubscribe();
      },
      next: log,
    });
    return subscription.closed;
  });
  await check('the species of a subclass', () => {
    class Mine extends Observable {}
    const got = trace(() => new Mine(() => {}))();
    return [got instanceof Mine, got.map((value) => value) instanceof Mine, got.constructor === Mine];
  });
  await check('a class', async () => {
    class Feed {
      values = [1, 2];
      all(...args) {
        return Observable.from(this.values).map((value) => [value, args.length]);
      }
    }
    trace.class(Feed);
    return all(new Feed().all(1, undefined));
  });
  await conformance(kit, add);
}

/** The tests of the proposal, against a class all of whose observables come out of traced functions. */
async function conformance({ trace }, add) {
  const { runTests } = require('es-observable-tests');
  const pass = trace((observable) => observable);
  class Traced extends Observable {
    constructor(subscriber) {
      super(subscriber);
      pass(this);
    }
    static of(...items) {
      return pass(Reflect.apply(Observable.of, this, items));
    }
    static from(source) {
      return pass(Reflect.apply(Observable.from, this, [source]));
    }
  }
  const said = [];
  const { log } = console;
  console.log = (...words) => void said.push(words.join(' '));
  try {
    await runTests(Traced);
  } finally {
    console.log = log;
  }
  let section;
  for (const line of said
    .join('\n')
    .replaceAll(/\u001B\[[0-9;]*m/g, '')
    .split('\n')) {
    const [, name, outcome] = /^ +(.*) (OK|FAIL)$/.exec(line) ?? [];
    if (name === undefined) section = line.trim();
    else add(`es-observable-tests: ${section}: ${name}`, outcome);
  }
}
