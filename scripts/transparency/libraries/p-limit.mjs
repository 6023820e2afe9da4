import pLimit, { limitFunction } from 'p-limit';
import { failure } from '../entries.mjs';

const later = (value, ms = 1) => new Promise((resolve) => setTimeout(resolve, ms, value));

export async function suite({ trace, check }) {
  const make = trace(pLimit);
  for (const [name, wrap] of Object.entries({
    'traced jobs': (limit) => limit,
    'traced limit': (limit) => trace(limit),
  })) {
    const ask = (what, act) => check(`${name}: ${what}`, act);
    await ask('the shape', () => {
      const limit = wrap(make(2));
      return [
        limit.name,
        limit.length,
        limit.activeCount,
        limit.pendingCount,
        limit.concurrency,
        typeof limit.clearQueue,
        typeof limit.map,
      ];
    });
    await ask('this and arguments', async () => {
      const limit = wrap(make(1));
      return limit(
        trace(function (...args) {
          return [this === undefined, args];
        }),
        1,
        undefined,
        { a: 1 },
        undefined,
      );
    });
    await ask('value, error', async () => [
      await wrap(make(1))(trace(() => later(1))),
      await failure(() =>
        wrap(make(1))(
          trace(async () => {
            throw new RangeError('mine');
          }),
        ),
      ),
      await failure(() =>
        wrap(make(1))(
          trace(() => {
            throw new TypeError('thrown');
          }),
        ),
      ),
    ]);
    await ask('the same error', async () => {
      const error = new RangeError('mine');
      return (await failure(() => wrap(make(1))(trace(() => Promise.reject(error))))) === error;
    });
    await ask('an error that nobody hears', async () => {
      wrap(make(1))(
        trace(async () => {
          throw new RangeError('mine');
        }),
      );
      await later();
    });
    await ask('an error that is heard', async () => {
      wrap(make(1))(
        trace(async () => {
          throw new RangeError('mine');
        }),
      ).catch(() => {});
      await later();
    });
    await ask('never more than the limit', async () => {
      let running = 0;
      let most = 0;
      const limit = wrap(make(2));
      const job = trace(async () => {
        most = Math.max(most, ++running);
        await later();
        running--;
      });
      await Promise.all(Array.from({ length: 6 }, () => limit(job)));
      return most;
    });
    await ask('order', async (log) => {
      const limit = wrap(make(1));
      const job = trace((mark) => log(mark));
      await Promise.all(['a', 'b', 'c'].map((mark) => limit(job, mark)));
    });
    await ask('map', async () =>
      make(2).map(
        [3, 1, 2],
        trace(async (...args) => {
          await later(1, args[0]);
          return args;
        }),
      ),
    );
    await ask('counts', async () => {
      const limit = make(1);
      const all = [limit(trace(() => later())), limit(trace(() => later()))];
      const at = [limit.activeCount, limit.pendingCount];
      await later(undefined, 0);
      const then = [limit.activeCount, limit.pendingCount];
      await Promise.all(all);
      return [at, then, limit.activeCount, limit.pendingCount];
    });
    await ask('clearQueue', async (log) => {
      const limit = make(1);
      const first = limit(trace(() => later('a')));
      limit(trace(() => log('never'))).catch(() => {});
      await undefined;
      limit.clearQueue();
      return [await first, limit.pendingCount];
    });
    await ask('a wrong limit', async () => [await failure(() => make(0)), await failure(() => make('a'))]);
    await ask('concurrency is set', async () => {
      const limit = make(1);
      limit.concurrency = 2;
      return limit.concurrency;
    });
    await ask('limitFunction', async () => {
      const limited = limitFunction(
        trace(function (...args) {
          return args;
        }),
        { concurrency: 1 },
      );
      return [await trace(limited)(1, undefined), limited.name];
    });
    await ask('a generator as a job is a value', async () => {
      const iterator = await wrap(make(1))(
        trace(function* (...args) {
          yield args.length;
          return 'end';
        }),
        1,
        2,
      );
      return [iterator.next(), iterator.next(), iterator[Symbol.iterator]() === iterator];
    });
    await ask('an async generator, left early', async (log) => {
      const iterator = await wrap(make(1))(
        trace(async function* () {
          try {
            yield 1;
            yield 2;
          } finally {
            log('cleaned up');
          }
        }),
      );
      for await (const value of iterator) {
        log(value);
        break;
      }
    });
    await ask('a class', async () => {
      class Jobs {
        mine = 'x';
        async run(...args) {
          await later();
          return [this.mine, args.length];
        }
      }
      trace.class(Jobs);
      const jobs = new Jobs();
      return wrap(make(1))((...args) => jobs.run(...args), 1, undefined);
    });
  }
}
