// What every library's promises and thenables are asked.

import { failure } from '../entries.mjs';

/**
 * @param make a function that answers a fresh one, which fulfils
 * @param fail the same, which rejects
 * @param runs how often the work has run so far, where that can be told
 * @param brief what a fulfilled value is, in words that do not change from run to run
 * @param goesUnhandled whether rejections that nobody hears are looked at
 * @param patience for how many milliseconds the work goes on
 */
export async function thenables(
  { trace, check },
  label,
  { make, fail, runs = () => 0, brief = (value) => value, goesUnhandled = true, patience = 25 },
) {
  const ask = (name, act) => check(`${label}: ${name}`, act);
  const traced = trace(make);
  const settle = () => new Promise((resolve) => setTimeout(resolve, patience));
  const failing = fail && trace(fail);

  await ask('this and arguments', async () => {
    const seen = [];
    const self = {
      traced: trace(function (...args) {
        seen.push(this === self, args, arguments.length);
        return make();
      }),
    };
    return [brief(await self.traced(1, undefined, { a: 1 }, undefined)), seen, make.length === traced.length];
  });
  await ask('awaited', async () => brief(await traced()));
  await ask('arguments and this of handlers', async () => {
    const seen = [];
    const note = (...words) => void seen.push(words);
    await new Promise((resolve) => {
      traced().then(function (...values) {
        note('then', this === undefined, values.map(brief));
        resolve();
      });
    });
    return seen;
  });
  await ask('what then() answers', async () => {
    const plain = make();
    const got = traced();
    const next = got.then((value) => brief(value));
    const expected = plain.then((value) => brief(value));
    const same = [
      next.constructor === expected.constructor,
      next === got,
      Object.getPrototypeOf(next) === Object.getPrototypeOf(expected),
    ];
    return [same, await next, await expected];
  });
  await ask('then() without handlers, and with some that are none', async () => [
    brief(await traced().then()),
    brief(await traced().then(null, undefined)),
    brief(await traced().then(1, 'no')),
  ]);
  await ask('identity and shape', async () => {
    const plain = make();
    const got = traced();
    const names = [];
    for (const name in got) names.push(name);
    const plainNames = [];
    for (const name in plain) plainNames.push(name);
    const shape = [
      got.constructor === plain.constructor,
      Object.getPrototypeOf(got) === Object.getPrototypeOf(plain),
      Object.keys(got).length === Object.keys(plain).length,
      names.length === plainNames.length,
      Object.prototype.toString.call(got),
      typeof got.then,
      typeof got.catch,
      typeof got.finally,
      got.then.length,
      got.then.name,
      got instanceof Promise,
      Object.isExtensible(got),
    ];
    await Promise.all([got, plain]);
    return shape;
  });
  await ask('the same object comes out that went in', async () => {
    const inner = make();
    // A promise of the engine's own comes back as one that is derived from it.
    const isEngines = inner.constructor === Promise && Promise.toString().includes('[native code]');
    const outer = trace(() => inner)();
    await Promise.all([inner, outer]);
    return isEngines || inner === outer;
  });
  await ask('properties that are set on it are kept', async () => {
    const got = trace(() => Object.assign(make(), { mark: 1 }))();
    const { mark } = got;
    await got;
    return mark;
  });
  await ask('adopted by others', async () => [
    brief(await Promise.resolve(traced())),
    (await Promise.all([traced(), traced()])).map(brief),
    brief(await Promise.race([traced()])),
    (await Promise.allSettled([traced()])).map(({ status }) => status),
    brief(await Promise.resolve().then(() => traced())),
    brief(await (async () => traced())()),
    brief(await new Promise((resolve) => resolve(traced()))),
  ]);
  await ask('runs as often as untraced', async () => {
    const before = runs();
    const once = traced();
    await once;
    const afterOne = runs();
    await once;
    const afterTwo = runs();
    traced();
    await settle();
    return [afterOne - before, afterTwo - before, runs() - before];
  });
  await ask('order of the handlers of one', async (log) => {
    const got = traced();
    const first = got.then(() => log('first'));
    const second = got.then(() => log('second'));
    log('later in the turn');
    await Promise.all([first, second]);
    await got.then(() => log('once it has settled'));
  });
  await ask('a handler that throws', () =>
    failure(() =>
      traced().then(() => {
        throw new RangeError('from a handler');
      }),
    ),
  );
  await ask('then taken from the prototype', async () => {
    const got = traced();
    const { then } = Object.getPrototypeOf(got);
    return brief(await new Promise((resolve, reject) => then.call(got, resolve, reject)));
  });
  await ask('then taken from the object', async () => {
    const got = traced();
    const { then } = got;
    return brief(await new Promise((resolve, reject) => Reflect.apply(then, got, [resolve, reject])));
  });
  await ask('a class that is traced', async () => {
    class Service {
      prefix = 'x';
      load(...args) {
        return make().then((value) => [this.prefix, args.length, brief(value)]);
      }
      static load() {
        return make();
      }
    }
    const service = new (trace.class(Service))();
    return [await service.load(1, undefined), brief(await Service.load())];
  });
  if (typeof make().finally === 'function') {
    await ask('finally', async () => {
      const seen = [];
      const value = await traced().finally(function (...args) {
        seen.push(this === undefined, args.length);
      });
      return [seen, brief(value)];
    });
  }
  if (failing === undefined) return;

  await ask('rejected: awaited', () => failure(failing));
  await ask('rejected: the same error', async () => {
    const error = new TypeError('mine', { cause: 'a' });
    const outer = trace(() =>
      make().then(() => {
        throw error;
      }),
    )();
    return (await failure(() => outer)) === error;
  });
  await ask('rejected: arguments and this of handlers', async () => {
    const seen = [];
    await failing().then(
      () => seen.push('fulfilled'),
      function (...errors) {
        seen.push(this === undefined, errors);
      },
    );
    return seen;
  });
  if (typeof make().catch === 'function') {
    await ask('rejected: catch', async () => {
      const seen = [];
      const value = await failing().catch(function (...errors) {
        seen.push(this === undefined, errors);
        return 'caught';
      });
      return [value, seen];
    });
    await ask('rejected: catch without a handler', () => failure(() => failing().catch()));
  }
  if (typeof make().finally === 'function') {
    await ask('rejected: finally', async () => {
      const seen = [];
      const error = await failure(() => failing().finally((...args) => void seen.push(args.length)));
      return [seen, error];
    });
  }
  await ask('rejected: passes through then(handler)', () => failure(() => failing().then(() => 'no')));
  await ask('rejected: heard by two', async () => {
    const got = failing();
    return Promise.allSettled([got, got]).then((both) => both.map(({ reason }) => reason));
  });
  if (!goesUnhandled) return;
  await ask('rejected: nobody listens', async () => {
    failing();
    await settle();
  });
  await ask('rejected: only then(handler) listens', async () => {
    failing().then(() => {});
    await settle();
  });
  await ask('rejected: heard, no rejection left', async () => {
    failing().then(
      () => {},
      () => {},
    );
    await settle();
  });
  await ask('rejected: heard on two ways, one of which ends it', async () => {
    const got = failing();
    got.then(
      () => {},
      () => {},
    );
    got.then(() => {});
    await settle();
  });
  await ask('rejected: heard late', async () => {
    const got = failing();
    await settle();
    return failure(() => got);
  });
  await ask('rejected: heard inside before it comes out', async () => {
    trace(() => {
      const inner = fail();
      inner.then(
        () => {},
        () => {},
      );
      return inner;
    })();
    await settle();
  });
}
