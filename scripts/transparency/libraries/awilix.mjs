import * as awilix from 'awilix';
import { failure } from '../entries.mjs';

export async function suite({ trace, check }) {
  const { asClass, asFunction, asValue, createContainer, aliasTo, Lifetime, InjectionMode, isClass } =
    trace.all(awilix);
  class Store {
    constructor({ name }) {
      this.name = name;
    }
    get(...args) {
      return [this.name, args.length];
    }
  }
  class Positional {
    constructor(name, size = 3) {
      Object.assign(this, { name, size });
    }
  }
  const make = (options) =>
    createContainer(options).register({
      name: asValue('mine'),
      store: asClass(trace.class(Store)),
      double: asFunction(trace(({ name }) => name + name)),
    });
  await check('resolve and the cradle', () => {
    const container = make();
    return [
      container.resolve('name'),
      container.cradle.name,
      container.cradle.store.get(1, undefined, 3),
      container.cradle.double,
    ];
  });
  await check('register answers the container', () => {
    const container = make();
    return [container.register('a', asValue(1)) === container, container.register({}) === container];
  });
  await check('the container is what it was', () => {
    const container = make();
    return [
      trace(() => container)() === container,
      Object.keys(trace(make)()).toSorted().join() === Object.keys(container).toSorted().join(),
    ];
  });
  await check('the cradle is a proxy that refuses: handed on', async () => {
    const { cradle } = make();
    const same = trace((...args) => args[0])(cradle);
    return [
      same === cradle,
      await failure(() => same.nothing),
      Object.keys(same).toSorted(),
      'name' in same,
      'nothing' in same,
    ];
  });
  await check('the cradle: asked for nothing by a tracer', async () => {
    let asked = [];
    const container = make();
    const cradle = new Proxy(container.cradle, {
      get(target, key) {
        asked.push(String(key));
        return Reflect.get(target, key);
      },
    });
    trace((given) => given)(cradle);
    trace(() => cradle)();
    return asked;
  });
  await check('the cradle: nothing is built by a tracer', async () => {
    let built = 0;
    const container = createContainer().register({
      a: asFunction(() => ++built),
      then: asFunction(() => {
        built += 10;
        return 'then';
      }),
      subscribe: asFunction(() => {
        built += 100;
        return () => {};
      }),
    });
    trace(() => container.cradle)();
    trace((cradle) => cradle)(container.cradle);
    return built;
  });
  await check('the cradle: spread and inspected', () => {
    const { cradle } = make();
    return [
      Object.keys({ ...trace(() => cradle)() }),
      String(cradle),
      JSON.stringify(Object.keys(cradle)),
      [...cradle].toSorted(),
    ];
  });
  await check('the cradle, answered by an async function', async () => {
    const { cradle } = make();
    return failure(async () => {
      const got = await trace(async () => cradle)();
      return got.name;
    });
  });
  await check('lifetimes', () => {
    let built = 0;
    const build = trace(() => ({ nth: ++built }));
    const container = createContainer().register({
      each: asFunction(build),
      one: asFunction(build).singleton(),
      scoped: asFunction(build, { lifetime: Lifetime.SCOPED }),
    });
    const scope = container.createScope();
    const same = (a, b) => a === b;
    return [
      same(container.resolve('each'), container.resolve('each')),
      same(container.resolve('one'), scope.resolve('one')),
      same(scope.resolve('scoped'), scope.resolve('scoped')),
      same(container.resolve('scoped'), scope.resolve('scoped')),
    ];
  });
  await check('fluent resolvers', () => {
    const resolver = asFunction(trace(() => 1));
    return [
      typeof resolver.singleton,
      resolver.scoped().lifetime,
      typeof resolver.inject,
      typeof resolver.disposer,
      typeof resolver.resolve,
      Object.keys(resolver).toSorted(),
    ];
  });
  await check('positional parameters: read from the source', async () => {
    const container = createContainer({ injectionMode: InjectionMode.CLASSIC }).register({
      name: asValue('mine'),
      size: asValue(5),
      made: asClass(Positional),
    });
    return [container.resolve('made').name, container.resolve('made').size];
  });
  await check('inject and injector', () =>
    make()
      .register({
        b: asFunction(trace(({ name, extra }) => [name, extra])).inject(
          trace((container, ...rest) => ({ extra: rest.length })),
        ),
      })
      .resolve('b'),
  );
  await check('aliasTo', () =>
    make()
      .register({ other: aliasTo('name') })
      .resolve('other'),
  );
  await check('build: a class, a function', () => {
    const container = make();
    return [
      container.build(Store).get(),
      container.build(trace(({ name }) => name)),
      container.build(asFunction(trace(() => 1))),
    ];
  });
  await check('missing', async () => {
    const error = await failure(() => make().resolve('missing'));
    return [error.name, error.message, error instanceof awilix.AwilixResolutionError];
  });
  await check('missing, allowed', () => make().resolve('missing', { allowUnregistered: true }));
  await check(
    'a circle',
    async () =>
      (
        await failure(() =>
          createContainer()
            .register({ a: asFunction(({ b }) => b), b: asFunction(({ a }) => a) })
            .resolve('a'),
        )
      ).message,
  );
  await check('a factory that throws', () =>
    failure(() =>
      createContainer()
        .register({
          a: asFunction(
            trace(() => {
              throw new RangeError('mine');
            }),
          ),
        })
        .resolve('a'),
    ),
  );
  await check('what is no function', () => failure(() => asFunction(undefined)));
  await check('has, hasRegistration, registrations', () => {
    const container = make();
    return [
      container.hasRegistration('name'),
      container.hasRegistration('other'),
      Object.keys(container.registrations).toSorted(),
      typeof container.getRegistration('name').resolve,
    ];
  });
  await check('dispose: order, arguments', async (log) => {
    const container = createContainer().register({
      a: asFunction(trace(() => 'a'))
        .singleton()
        .disposer(trace((...args) => log('dispose', ...args))),
      b: asFunction(() => 'b')
        .singleton()
        .disposer(async (value) => log('dispose', value)),
    });
    container.resolve('a');
    container.resolve('b');
    const answer = trace(() => container.dispose())();
    log(typeof answer.then);
    await answer;
  });
  await check('dispose: an error', () => {
    const container = createContainer().register({
      a: asFunction(() => 'a')
        .singleton()
        .disposer(() => {
          throw new RangeError('mine');
        }),
    });
    container.resolve('a');
    return failure(() => trace(() => container.dispose())());
  });
  await check('an asynchronous factory', async () => {
    const container = createContainer().register({
      a: asFunction(
        trace(async ({ b }) => {
          await undefined;
          return b;
        }),
      ),
      b: asValue(2),
    });
    return [await container.resolve('a'), typeof container.cradle.a.then];
  });
  await check('isClass tells traced classes and functions apart', () => [
    isClass(Store),
    isClass(trace(() => {})),
    isClass(trace(function named() {})),
  ]);
  await check('a traced class keeps its name and parameters', () => [
    Store.name,
    Store.length,
    createContainer()
      .register({ name: asValue('x'), made: asClass(Store) })
      .resolve('made').constructor === Store,
  ]);
  await check(
    'strict scopes',
    async () =>
      (
        await failure(() =>
          createContainer({ strict: true })
            .register({ long: asFunction(({ short }) => short).singleton(), short: asFunction(() => 1) })
            .resolve('long'),
        )
      ).message,
  );
  await check(
    'an object that is built and is a thenable, a stream or an observable is a value of its container',
    async () => {
      const thenable = {
        then(resolve) {
          resolve(1);
        },
      };
      const container = createContainer().register({ a: asFunction(trace(() => thenable)) });
      return [container.resolve('a') === thenable, await container.resolve('a')];
    },
  );
}
