import PQueue, { TimeoutError } from 'p-queue';
import { failure } from '../entries.mjs';

const later = (value, ms = 1) => new Promise((resolve) => setTimeout(resolve, ms, value));

export async function suite({ trace, check }) {
  const job = trace(async function (...args) {
    return [this === undefined, args.map((arg) => Object.keys(arg)), args.length];
  });
  for (const [name, prepare] of Object.entries({
    'traced jobs': () => {},
    'traced class': () => trace.class(PQueue),
  })) {
    prepare();
    const ask = (what, act) => check(`${name}: ${what}`, act);
    await ask('a job gets its options', async () => new PQueue().add(job));
    await ask('a signal in the options of a job', async () => {
      const controller = new AbortController();
      return new PQueue().add(
        trace(async ({ signal }) => signal === controller.signal),
        { signal: controller.signal },
      );
    });
    await ask('add: value, error', async () => [
      await new PQueue().add(trace(() => later(1))),
      await new PQueue().add(trace(() => 2)),
      await failure(() =>
        new PQueue().add(
          trace(async () => {
            throw new RangeError('mine');
          }),
        ),
      ),
    ]);
    await ask('add: an error that is thrown', () =>
      failure(() =>
        new PQueue().add(
          trace(() => {
            throw new RangeError('mine');
          }),
        ),
      ),
    );
    await ask('add: an error that nobody hears', async () => {
      new PQueue().add(
        trace(async () => {
          throw new RangeError('mine');
        }),
      );
      await later();
    });
    await ask('addAll: order', async () =>
      new PQueue({ concurrency: 2 }).addAll([
        trace(() => later('a', 4)),
        trace(() => later('b')),
        trace(() => later('c')),
      ]),
    );
    await ask('concurrency: never more than that', async () => {
      let running = 0;
      let most = 0;
      const queue = new PQueue({ concurrency: 2 });
      await queue.addAll(
        Array.from({ length: 6 }, () =>
          trace(async () => {
            most = Math.max(most, ++running);
            await later();
            running--;
          }),
        ),
      );
      return most;
    });
    await ask('order by priority', async (log) => {
      const queue = new PQueue({ concurrency: 1, autoStart: false });
      const add = (mark, priority) =>
        queue.add(
          trace(() => log(mark)),
          { priority, id: mark },
        );
      add('low', 0);
      add('high', 9);
      add('mid', 5);
      queue.setPriority('low', 7);
      await queue.start().onIdle();
    });
    await ask('events: order, arguments', async (log) => {
      const queue = new PQueue({ concurrency: 1 });
      for (const event of ['active', 'add', 'next', 'completed', 'error', 'idle', 'empty', 'pendingZero'])
        queue.on(event, (...args) => log(event, args.length));
      await queue.add(trace(() => later()));
      await failure(() =>
        queue.add(
          trace(async () => {
            throw new RangeError('mine');
          }),
        ),
      );
      await queue.onIdle();
      await later();
    });
    await ask('pause, start, clear, size, pending', async () => {
      const queue = new PQueue({ concurrency: 1 });
      const first = queue.add(trace(() => later(1)));
      queue.add(trace(() => later(2))).catch(() => {});
      const seen = [queue.size, queue.pending, queue.isPaused];
      queue.pause();
      const paused = queue.isPaused;
      queue.clear();
      await first;
      return [seen, paused, queue.size, queue.start() === queue];
    });
    await ask('onEmpty, onIdle, onSizeLessThan', async (log) => {
      const queue = new PQueue({ concurrency: 1 });
      for (let nth = 0; nth < 3; nth++) queue.add(trace(() => later()));
      queue.onSizeLessThan(2).then(() => log('less'));
      queue.onEmpty().then(() => log('empty'));
      await queue.onIdle();
      log('idle');
    });
    await ask('timeout', async () => {
      const error = await failure(() =>
        new PQueue().add(
          trace(() => later(1, 50)),
          { timeout: 3 },
        ),
      );
      return [error.name, error instanceof TimeoutError];
    });
    await ask('aborted while it waits', async () => {
      const queue = new PQueue({ concurrency: 1 });
      const controller = new AbortController();
      queue.add(trace(() => later(1, 5)));
      const waiting = failure(() =>
        queue.add(
          trace(() => 'never'),
          { signal: controller.signal },
        ),
      );
      controller.abort(new RangeError('enough'));
      return waiting;
    });
    await ask('aborted while it runs', async (log) => {
      const controller = new AbortController();
      const running = failure(() =>
        new PQueue().add(
          trace(async ({ signal }) => {
            signal.addEventListener('abort', () => log('heard'));
            await later(1, 10);
            log('goes on');
          }),
          { signal: controller.signal },
        ),
      );
      await later();
      controller.abort(new RangeError('enough'));
      const error = await running;
      await later(1, 12);
      return error;
    });
    await ask('an interval', async () => {
      const queue = new PQueue({ intervalCap: 1, interval: 5 });
      return queue.addAll([trace(() => 1), trace(() => 2)]);
    });
    await ask('runningTasks', async () => {
      const queue = new PQueue();
      const running = queue.add(
        trace(() => later()),
        { id: 'mine', priority: 3 },
      );
      const list = queue.runningTasks.map(({ id, priority }) => [id, priority]);
      await running;
      return list;
    });
    await ask('a queue class of one’s own', async () => {
      class Lifo {
        list = [];
        enqueue(run) {
          this.list.push(run);
        }
        dequeue() {
          return this.list.pop();
        }
        get size() {
          return this.list.length;
        }
        filter() {
          return this.list;
        }
      }
      trace.class(Lifo);
      const seen = [];
      const queue = new PQueue({ concurrency: 1, autoStart: false, queueClass: Lifo });
      for (const mark of ['a', 'b', 'c']) queue.add(trace(() => seen.push(mark)));
      await queue.start().onIdle();
      return seen;
    });
    await ask('a class whose methods are jobs', async () => {
      class Jobs {
        mine = 'x';
        async run(...args) {
          await later();
          return [this.mine, args.length];
        }
      }
      trace.class(Jobs);
      const jobs = new Jobs();
      return new PQueue().add(() => jobs.run(1, undefined, 3));
    });
  }
}
