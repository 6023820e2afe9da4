import * as redux from 'redux';
import { failure } from '../entries.mjs';

const counter = (state = { count: 0 }, action = {}) =>
  action.type === 'add' ? { count: state.count + (action.by ?? 1) } : state;

export async function suite({ trace, check }) {
  const {
    createStore,
    legacy_createStore,
    combineReducers,
    bindActionCreators,
    applyMiddleware,
    compose,
    isAction,
    isPlainObject,
  } = trace.all(redux);
  const make = (create) => create(trace(counter));
  for (const [name, create] of Object.entries({ createStore, legacy_createStore })) {
    await check(`${name}: the shape of the store`, () => {
      const store = make(create);
      return [
        Object.keys(store),
        Reflect.ownKeys(store).map(String),
        Object.values(store).map((member) => [member.name, member.length]),
      ];
    });
    await check(`${name}: dispatch answers the action itself`, () => {
      const store = make(create);
      const action = { type: 'add', by: 2 };
      return [store.dispatch(action) === action, store.getState()];
    });
    await check(`${name}: methods without this`, () => {
      const { dispatch, getState, subscribe } = make(create);
      const seen = [];
      const unsubscribe = subscribe(() => seen.push(getState()));
      dispatch({ type: 'add' });
      return [seen, unsubscribe(), unsubscribe()];
    });
    await check(`${name}: listeners: this, arguments, order`, (log) => {
      const store = make(create);
      const listener = (nth) =>
        function (...args) {
          log(nth, this === undefined, args.length);
        };
      store.subscribe(listener(1));
      const unsubscribe = store.subscribe(listener(2));
      store.subscribe(listener(3));
      store.dispatch({ type: 'add' });
      log('unsubscribes', typeof unsubscribe, unsubscribe());
      store.dispatch({ type: 'add' });
    });
    await check(`${name}: a listener subscribed while dispatching`, (log) => {
      const store = make(create);
      store.subscribe(() => {
        log('outer');
        store.subscribe(() => log('inner'));
      });
      store.dispatch({ type: 'add' });
      store.dispatch({ type: 'add' });
    });
    await check(`${name}: Symbol.observable`, (log) => {
      const store = make(create);
      const key = Symbol.observable ?? '@@observable';
      const observable = store[key]();
      const observer = {
        next(...args) {
          log(this === observer, ...args);
        },
      };
      const subscription = observable.subscribe(observer);
      store.dispatch({ type: 'add' });
      const shape = [Object.keys(subscription), typeof subscription.unsubscribe];
      subscription.unsubscribe();
      store.dispatch({ type: 'add' });
      return [shape, observable[key]() === observable, observable === store];
    });
    await check(`${name}: Symbol.observable without an observer`, () =>
      failure(() => make(create)[Symbol.observable ?? '@@observable']().subscribe()),
    );
    await check(`${name}: subscribe() with what is no function`, async () => [
      await failure(() => make(create).subscribe({})),
      await failure(() => make(create).subscribe()),
    ]);
    await check(`${name}: dispatch of what is no action`, async () => [
      await failure(() => make(create).dispatch(null)),
      await failure(() => make(create).dispatch({})),
      await failure(() => make(create).dispatch(() => {})),
    ]);
    await check(`${name}: a reducer that dispatches, or throws`, async () => {
      const store = create((state = 0, action = {}) => {
        if (action.type === 'a') store.dispatch({ type: 'b' });
        if (action.type === 'b') throw new RangeError('mine');
        return state;
      });
      return [
        await failure(() => store.dispatch({ type: 'a' })),
        await failure(() => store.dispatch({ type: 'b' })),
        store.getState(),
      ];
    });
    await check(`${name}: replaceReducer`, () => {
      const store = make(create);
      const answer = store.replaceReducer(() => 'replaced');
      return [answer, store.getState()];
    });
    await check(`${name}: a preloaded state is that object`, () => {
      const state = { count: 5 };
      return create(counter, state).getState() === state;
    });
    await check(`${name}: an enhancer`, (log) => {
      const enhancer = trace((next) => (...args) => {
        log(args.length, typeof args[0]);
        const store = next(...args);
        return { ...store, extra: 1 };
      });
      const store = create(counter, { count: 1 }, enhancer);
      return [store.extra, store.getState(), Object.keys(store)];
    });
    await check(`${name}: middleware, traced at each floor`, (log) => {
      const thunk = trace(({ dispatch, getState }) =>
        trace((next) =>
          trace((action) => (typeof action === 'function' ? action(dispatch, getState) : next(action))),
        ),
      );
      const logger = trace((api) =>
        trace((next) =>
          trace((...args) => {
            log(Object.keys(api), args.length, args[0].type);
            return next(...args);
          }),
        ),
      );
      const store = create(trace(counter), applyMiddleware(thunk, logger));
      const answer = store.dispatch((dispatch, getState) => {
        dispatch({ type: 'add' });
        return getState();
      });
      return [answer, store.getState()];
    });
    await check(`${name}: a thunk that is asynchronous`, async () => {
      const thunk =
        ({ dispatch, getState }) =>
        (next) =>
        (action) =>
          typeof action === 'function' ? action(dispatch, getState, 'extra') : next(action);
      const store = create(counter, applyMiddleware(thunk));
      const load = trace((by) =>
        trace(async (dispatch, getState, ...rest) => {
          await undefined;
          dispatch({ type: 'add', by });
          return [getState(), rest];
        }),
      );
      return store.dispatch(load(4));
    });
    await check(`${name}: a store that is handed on by traced functions`, (log) => {
      const store = make(create);
      const same = trace((...args) => args[0])(store, undefined);
      const again = trace(() => trace(() => same)())();
      const unsubscribe = again.subscribe((...args) => log(args.length));
      again.dispatch({ type: 'add' });
      unsubscribe();
      return [store === again, typeof unsubscribe, again.getState()];
    });
    await check(`${name}: to RxJS and back`, async (log) => {
      const { from } = await import('rxjs');
      const store = make(create);
      const subscription = from(store).subscribe((state) => log(state));
      store.dispatch({ type: 'add' });
      subscription.unsubscribe();
    });
  }
  await check('combineReducers', () => {
    const reducer = combineReducers({
      a: trace(counter),
      b: trace((state = 'b', ...rest) => (rest.length === 1 ? state : 'wrong')),
    });
    const store = createStore(reducer);
    const before = store.getState();
    store.dispatch({ type: 'none' });
    const same = before === store.getState();
    store.dispatch({ type: 'add' });
    return [same, store.getState(), before.b === store.getState().b];
  });
  await check('combineReducers of one that answers undefined', async () => {
    const reducer = combineReducers({
      a: (state = 1, action = {}) => (action.type === 'lose' ? undefined : state),
    });
    return failure(() => createStore(reducer).dispatch({ type: 'lose' }));
  });
  await check('bindActionCreators', () => {
    const store = createStore(counter);
    const creators = {
      add: trace(function (by, ...rest) {
        return { type: 'add', by, rest, self: this !== undefined };
      }),
      value: 1,
    };
    const bound = bindActionCreators(creators, store.dispatch);
    const one = bindActionCreators(creators.add, store.dispatch);
    return [Object.keys(bound), bound.add(3, undefined), one(1), store.getState()];
  });
  await check('compose', () => [
    compose()(1),
    compose((a) => a * 2)(3),
    compose(
      (a) => a + 1,
      (...args) => args.length,
    )(1, 2, undefined),
  ]);
  await check('isAction, isPlainObject', () => [
    isAction({ type: 'a' }),
    isAction({}),
    isPlainObject({}),
    isPlainObject([]),
  ]);
  await check('a class that holds a store', () => {
    class Counter {
      #store = redux.createStore(counter);
      get store() {
        return this.#store;
      }
      handOut(...args) {
        return args.length === 2 ? this.#store : undefined;
      }
      add(by) {
        return this.#store.dispatch({ type: 'add', by });
      }
      subscribe(listener) {
        return this.#store.subscribe(listener);
      }
    }
    trace.class(Counter);
    const mine = new Counter();
    const seen = [];
    const unsubscribe = mine.subscribe((...args) => seen.push(args.length));
    mine.add(2);
    unsubscribe();
    mine.add(1);
    return [
      mine.handOut(1, undefined) === mine.store,
      mine.store.getState(),
      seen,
      typeof mine.store.subscribe(() => {}),
    ];
  });
}
