import Bluebird from 'bluebird';
import { failure } from '../entries.mjs';
import { thenables } from '../shared/thenables.mjs';

const STATICS = [
  'resolve',
  'reject',
  'all',
  'props',
  'any',
  'some',
  'map',
  'reduce',
  'filter',
  'each',
  'mapSeries',
  'delay',
  'try',
  'method',
  'join',
  'race',
  'promisify',
  'coroutine',
  'fromCallback',
  'using',
];
const later = (value) => new Bluebird((resolve) => setTimeout(resolve, 1, value));

export async function suite(kit) {
  const { trace, check } = kit;
  await thenables(kit, 'delayed', {
    make: () => later(7),
    fail: () =>
      later().then(() => {
        throw new RangeError('mine');
      }),
  });
  await thenables(kit, 'settled', {
    make: () => Bluebird.resolve(7),
    fail: () => Bluebird.reject(new RangeError('mine')),
  });

  const load = trace(function load(value) {
    return later(value);
  });
  const lose = trace(function lose(error) {
    return Bluebird.delay(1).then(() => {
      throw error;
    });
  });
  await check('catch with a class', () =>
    lose(new RangeError('mine')).catch(RangeError, (error) => ['caught', error]),
  );
  await check('catch with a class that does not fit', () =>
    failure(() => lose(new RangeError('mine')).catch(SyntaxError, () => 'wrong')),
  );
  await check('catch with two classes', () =>
    lose(new RangeError('mine')).catch(SyntaxError, RangeError, () => 'caught'),
  );
  await check('catch with a predicate', () =>
    lose(Object.assign(new Error('mine'), { code: 'E' })).catch(
      ({ code }) => code === 'E',
      () => 'caught',
    ),
  );
  await check('catch with an object', () =>
    lose(Object.assign(new Error('mine'), { code: 'E' })).catch({ code: 'E' }, () => 'caught'),
  );
  await check('catchReturn, catchThrow', async () => [
    await lose(new RangeError('mine')).catchReturn(RangeError, 'instead'),
    await failure(() => lose(new RangeError('mine')).catchThrow(RangeError, new TypeError('other'))),
  ]);
  await check('error() for operational errors', () =>
    lose(new Bluebird.OperationalError('mine')).error((error) => ['operational', error]),
  );
  await check('error() leaves others', () =>
    failure(() => lose(new RangeError('mine')).error(() => 'wrong')),
  );
  await check('finally, lastly, tap, tapCatch', async (log) => {
    const value = await load(1)
      .tap((...args) => log('tap', ...args))
      .finally((...args) => log('finally', ...args))
      .lastly(() => log('lastly'));
    const error = await failure(() =>
      lose(new RangeError('mine')).tapCatch(RangeError, (reason) => log('tapCatch', reason)),
    );
    return [value, error];
  });
  await check('spread', (log) => load([1, 2, 3]).spread((...args) => log(...args)));
  await check('get, call, return, throw', async () => [
    await load({ a: 5 }).get('a'),
    await load([3, 1, 2]).call('join', '-'),
    await load(1).return('other'),
    await failure(() => load(1).throw(new RangeError('mine'))),
  ]);
  await check('map, filter, reduce, each on a promise: values, index, length', async (log) => [
    await load([1, 2]).map((...args) => {
      log('map', ...args);
      return args[0] * 2;
    }),
    await load([1, 2]).filter((...args) => {
      log('filter', ...args);
      return args[0] > 1;
    }),
    await load([1, 2]).reduce((...args) => {
      log('reduce', ...args);
      return args[0] + args[1];
    }, 10),
    await load([1, 2]).each((...args) => log('each', ...args)),
    await load([1, 2]).mapSeries((...args) => args),
  ]);
  await check('traced iteratees get every argument and this', async () => {
    const self = { factor: 3 };
    const seen = [];
    const iteratee = trace(function (...args) {
      seen.push(this === undefined ? 'no this' : this.factor, args);
      return later(args[0]);
    });
    return [await Bluebird.map([1, 2], iteratee.bind(self)), await Bluebird.map([1, 2], iteratee), seen];
  });
  await check('bind: this of the handlers', async () => {
    const self = { mine: 1 };
    const seen = [];
    await load(1)
      .bind(self)
      .then(function () {
        seen.push(this === self);
      })
      .finally(function () {
        seen.push(this === self);
      });
    const bound = trace(() => later(1).bind(self))();
    await bound.then(function (...args) {
      seen.push(this === self, args);
    });
    await trace(() => Bluebird.reject(new RangeError('a')).bind(self))().catch(RangeError, function (error) {
      seen.push(this === self, error);
    });
    return seen;
  });
  await check('synchronous inspection', async () => {
    const promise = load(1);
    const before = [promise.isPending(), promise.isFulfilled(), promise.isRejected(), promise.isCancelled()];
    await promise;
    const lost = lose(new RangeError('mine'));
    await lost.reflect();
    return [
      before,
      promise.isPending(),
      promise.isFulfilled(),
      promise.value(),
      lost.isRejected(),
      lost.reason(),
    ];
  });
  await check('reflect', async () => {
    const inspection = await load(1).reflect();
    return [inspection.isFulfilled(), inspection.value()];
  });
  await check('nodeify and asCallback', async (log) => {
    await load(1).asCallback((...args) => log('asCallback', ...args));
    await load([1, 2]).asCallback((...args) => log('spread', ...args), { spread: true });
    lose(new RangeError('mine')).nodeify((...args) => log('nodeify', ...args));
    await Bluebird.delay(5);
  });
  await check('timeout', async () => [
    await load(1).timeout(50, 'late'),
    await failure(() => trace(() => Bluebird.delay(50))().timeout(2, 'late')),
  ]);
  await check(
    'timeout of a class of its own',
    async () =>
      (await failure(() => trace(() => Bluebird.delay(50))().timeout(2))) instanceof Bluebird.TimeoutError,
  );
  await check('delay', () => load(1).delay(1));
  await check('done', async (log) => {
    const answer = load(1).done((...args) => log('done', ...args));
    await Bluebird.delay(5);
    return answer;
  });
  await check('suppressUnhandledRejections', async () => {
    lose(new RangeError('mine')).suppressUnhandledRejections();
    await Bluebird.delay(20);
  });
  await check('disposers and using', async (log) => {
    const open = trace((name) =>
      later({ name }).disposer((...args) => log('closed', args[0].name, args.length)),
    );
    const seen = await Bluebird.using(open('a'), open('b'), (a, b) => [a.name, b.name]);
    const error = await failure(() =>
      Bluebird.using(open('c'), () => {
        throw new RangeError('mine');
      }),
    );
    return [seen, error];
  });
  await check('cancellation', async (log) => {
    const Cancellable = Bluebird.getNewLibraryCopy();
    Cancellable.config({ cancellation: true });
    const start = trace(
      (...args) =>
        new Cancellable((resolve, reject, onCancel) => {
          log('started', args.length);
          onCancel((...given) => log('cancelled', given.length));
        }),
    );
    const promise = start(1, undefined);
    promise.finally(() => log('finally'));
    const answer = promise.cancel();
    await Bluebird.delay(5);
    return [answer, promise.isCancelled(), promise.isPending()];
  });
  await check('cancellation through a chain', async (log) => {
    const Cancellable = Bluebird.getNewLibraryCopy();
    Cancellable.config({ cancellation: true });
    const start = trace(
      () => new Cancellable((resolve, reject, onCancel) => onCancel(() => log('cancelled'))),
    );
    const chained = trace(() => start().then(() => log('never')))();
    chained.cancel();
    await Bluebird.delay(5);
    return chained.isCancelled();
  });
  await check('coroutine', async () => {
    const self = { add: 1 };
    const run = trace(
      Bluebird.coroutine(function* (...args) {
        const one = yield load(args[0]);
        return [this.add + one, args.length];
      }),
    );
    return run.call(self, 4, undefined);
  });
  await check('promisify a traced function with a callback', async () => {
    const read = trace(function (name, options, done) {
      setTimeout(done, 1, null, [this.root, name, options, arguments.length]);
    });
    return Bluebird.promisify(read, { context: { root: '/' } })('a', undefined);
  });
  await check('promisifyAll', async () => {
    const api = {
      root: '/',
      read(name, done) {
        setTimeout(done, 1, null, this.root + name);
      },
      fail(done) {
        done(new RangeError('mine'));
      },
    };
    Bluebird.promisifyAll(trace.members(api, ['read', 'fail']));
    const error = await failure(() => api.failAsync());
    return [await api.readAsync('a'), error.name, error.message, error.constructor.name, Object.keys(api)];
  });
  await check('the statics, traced', async () => {
    const traced = trace.all(Bluebird);
    const asMethods = Object.assign(
      Object.create(Bluebird),
      Object.fromEntries(STATICS.map((name) => [name, traced[name].bind(Bluebird)])),
    );
    return [
      await asMethods.all([1, asMethods.resolve(2)]),
      await asMethods.props({ a: asMethods.delay(1, 1), b: 2 }),
      await asMethods.any([asMethods.reject(new Error('no')), 3]),
      await asMethods.some([1, asMethods.delay(1, 2)], 2),
      await asMethods.map([1, 2], (value, index, length) => [value, index, length]),
      await asMethods.reduce([1, 2], (sum, value) => sum + value, 0),
      await asMethods.filter([1, 2], (value) => value > 1),
      await asMethods.mapSeries([1, 2], (value) => asMethods.delay(1, value)),
      await asMethods.try(() => 5),
      await asMethods.method((a, b) => [a, b])(1, 2),
      await asMethods.join(1, asMethods.resolve(2), (a, b) => a + b),
      await asMethods.race([asMethods.delay(20), 1]),
      await asMethods.fromCallback((done) => done(null, 1, 2), { multiArgs: true }),
    ];
  });
  await check('identity: resolve() of one, then in its own class', () => {
    const promise = load(1);
    class Mine extends Bluebird {}
    return [
      Bluebird.resolve(promise) === promise,
      Bluebird.is(promise),
      promise.then(() => {}) instanceof Bluebird,
      Mine.name,
    ];
  });
  await check('unhandled rejections: the events of Bluebird', async (log) => {
    const Local = Bluebird.getNewLibraryCopy();
    Local.onPossiblyUnhandledRejection((error) => log('possibly unhandled', error));
    Local.onUnhandledRejectionHandled(() => log('handled after all'));
    const promise = trace(() => Local.reject(new RangeError('mine')))();
    await Bluebird.delay(10);
    promise.catch(() => {});
    trace(() => Local.reject(new RangeError('heard')))().catch(() => {});
    await Bluebird.delay(10);
  });
  await check('the methods of a class over it', async () => {
    class Store {
      items = { a: 1 };
      get(key, ...rest) {
        return later(this.items[key]).then((value) => [value, rest.length]);
      }
      all() {
        return Bluebird.map(Object.keys(this.items), (key) => this.get(key, 1, undefined));
      }
      fail() {
        return Bluebird.reject(new SyntaxError('mine'));
      }
    }
    trace.class(Store);
    const store = new Store();
    return [
      await store.all(),
      await store.fail().catch(SyntaxError, () => 'caught'),
      await store.get('b').get(0),
    ];
  });
}
