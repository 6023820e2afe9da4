import * as nanostores from 'nanostores';
import { failure } from '../entries.mjs';

export async function suite({ trace, check }) {
  const {
    allTasks,
    atom,
    batched,
    computed,
    deepMap,
    effect,
    listenKeys,
    map,
    mapCreator,
    onMount,
    onNotify,
    onSet,
    onStart,
    onStop,
    readonlyType,
    task,
    keepMount,
    subscribeKeys,
  } = trace.all(nanostores);
  const later = (value, ms = 1) => new Promise((resolve) => setTimeout(resolve, ms, value));
  for (const [name, make] of Object.entries({
    atom: () => atom(1),
    map: () => map({ a: 1 }),
    deepMap: () => deepMap({ a: 1 }),
    computed: () => computed(atom(1), (value) => value),
  })) {
    await check(`${name}: the shape`, () => {
      const store = make();
      return [
        Object.keys(store).toSorted(),
        ['listen', 'subscribe', 'get', 'set', 'off', 'notify'].map((key) => [
          key,
          store[key]?.name,
          store[key]?.length,
        ]),
      ];
    });
    await check(`${name}: the same store comes out`, () => {
      const store = make();
      return trace(() => trace(() => store)())() === store;
    });
    await check(`${name}: subscribe answers a function`, (log) => {
      const store = make();
      const unbind = store.subscribe(function (...args) {
        log(this === undefined, ...args);
      });
      return [typeof unbind, unbind(), store.lc];
    });
    await check(`${name}: methods without this`, (log) => {
      const { get, listen, subscribe } = make();
      const one = listen((...args) => log('listen', ...args));
      const two = subscribe((...args) => log('subscribe', ...args));
      return [get(), typeof one, typeof two, one(), two()];
    });
  }
  await check('atom: listen, set, order', (log) => {
    const store = atom(1);
    const unbind = store.listen((...args) => log('a', ...args));
    store.subscribe((...args) => log('b', ...args));
    store.set(2);
    unbind();
    store.set(3);
    return [store.get(), store.value, store.lc];
  });
  await check('atom: set within a listener', (log) => {
    const store = atom(1);
    store.listen((value) => {
      log(value);
      if (value < 3) store.set(value + 1);
    });
    store.set(2);
  });
  await check('atom: unbound within a listener', (log) => {
    const store = atom(1);
    const unbind = store.listen((value) => {
      log('a', value);
      unbind();
    });
    store.listen((value) => log('b', value));
    store.set(2);
    store.set(3);
  });
  await check('atom: handed on by a traced function, twice', (log) => {
    const store = atom(1);
    const get = trace(() => store);
    get().subscribe((value) => log('a', value));
    get().subscribe((value) => log('b', value));
    store.set(2);
    return get() === get();
  });
  await check('atom: off', (log) => {
    const store = atom(1);
    store.listen((value) => log(value));
    store.off();
    store.set(2);
    return store.lc;
  });
  await check('map: setKey, listenKeys, subscribeKeys', (log) => {
    const store = map({ a: 1, b: 2 });
    listenKeys(store, ['a'], (...args) => log('listen', ...args));
    subscribeKeys(store, ['b'], (...args) => log('subscribe', ...args));
    store.setKey('a', 3);
    store.setKey('b', 4);
    return store.get();
  });
  await check('deepMap', (log) => {
    const store = deepMap({ a: { b: [1, 2] } });
    store.listen((...args) => log(...args));
    store.setKey('a.b[1]', 5);
    return store.get();
  });
  await check('computed: arguments', (log) => {
    const one = atom(1);
    const two = atom(2);
    const sum = computed(
      [one, two],
      trace(function (...args) {
        log(this === undefined, args);
        return args[0] + args[1];
      }),
    );
    sum.subscribe((value) => log('sum', value));
    one.set(5);
    return sum.get();
  });
  await check('computed: a promise', async () => {
    const one = atom(1);
    const twice = computed(one, (value) => task(trace(async () => later(value * 2))));
    const unbind = twice.listen(() => {});
    await allTasks();
    const value = twice.get();
    unbind();
    return value;
  });
  await check('batched', async (log) => {
    const one = atom(1);
    const sum = batched(
      [one],
      trace((value) => value),
    );
    sum.subscribe((value) => log(value));
    one.set(2);
    one.set(3);
    await later();
  });
  await check('onMount, onStart, onStop, onSet, onNotify', async (log) => {
    const store = atom(1);
    onMount(
      store,
      trace((...args) => {
        log('mount', args.length);
        return () => log('unmount');
      }),
    );
    onStart(store, () => log('start'));
    onStop(store, () => log('stop'));
    onSet(
      store,
      trace(({ newValue, abort }, ...rest) => {
        log('set', newValue, rest.length);
        if (newValue === 9) abort();
      }),
    );
    onNotify(store, ({ oldValue }) => log('notify', oldValue));
    const unbind = store.listen((value) => log(value));
    store.set(2);
    store.set(9);
    unbind();
    await later(1, 1100);
    return store.get();
  });
  await check('effect', (log) => {
    const store = atom(1);
    const stop = effect(
      [store],
      trace((...args) => {
        log(...args);
        return () => log('cleanup');
      }),
    );
    store.set(2);
    stop();
    store.set(3);
  });
  await check('task and allTasks', async (log) => {
    const run = task(
      trace(async () => {
        await later();
        log('task');
        return 5;
      }),
    );
    await allTasks();
    log('all');
    return run;
  });
  await check('task: an error', () =>
    failure(() =>
      task(
        trace(async () => {
          throw new RangeError('mine');
        }),
      ),
    ),
  );
  await check('readonlyType, keepMount', () => {
    const store = atom(1);
    keepMount(store);
    return [readonlyType(store) === store, store.lc];
  });
  await check('mapCreator', () => {
    const User = mapCreator?.(
      trace((store, id, ...rest) => {
        store.setKey('n', rest.length);
      }),
    );
    if (User === undefined) return 'none';
    const user = User('1', 'extra');
    user.listen(() => {});
    return [user.get(), User('1') === user];
  });
  await check('a listener that throws', () =>
    failure(() => {
      const store = atom(1);
      store.listen(
        trace(() => {
          throw new RangeError('mine');
        }),
      );
      store.set(2);
    }),
  );
  await check('to RxJS is not an observable: subscribe takes a function', () =>
    failure(() => {
      const store = atom(1);
      const unbind = trace(() => store)().subscribe({ next() {} });
      return unbind;
    }),
  );
  await check('a class that holds stores', (log) => {
    class Session {
      user = nanostores.atom('a');
      current(...args) {
        return args.length === 2 ? this.user : undefined;
      }
      watch(listener) {
        return this.user.subscribe(listener);
      }
    }
    trace.class(Session);
    const session = new Session();
    const unbind = session.watch((value) => log(value));
    session.current(1, undefined).set('b');
    const other = session.current(1, 2).listen((value) => log('other', value));
    session.user.set('c');
    return [unbind(), typeof other, other()];
  });
}
