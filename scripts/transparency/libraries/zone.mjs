import 'zone.js/node';
import { failure } from '../entries.mjs';
import { thenables } from '../shared/thenables.mjs';

/* global Zone */
const later = (value) => new Promise((resolve) => setTimeout(resolve, 1, value));

export async function suite(kit) {
  const { trace, check } = kit;
  await thenables(kit, 'ZoneAwarePromise, delayed', {
    make: () => later(7),
    fail: () =>
      later().then(() => {
        throw new RangeError('mine');
      }),
  });
  await thenables(kit, 'ZoneAwarePromise, settled', {
    make: () => Promise.resolve(7),
    fail: () => Promise.reject(new RangeError('mine')),
  });
  await thenables(kit, 'of an async function', {
    make: async () => 7,
    fail: async () => {
      throw new RangeError('mine');
    },
  });
  const fork = (name, more) => Zone.current.fork({ name, properties: { mine: name }, ...more });

  await check('Zone.current within a traced call', () => fork('a').run(trace(() => Zone.current.name)));
  await check('Zone.current after an await of a ZoneAwarePromise', () =>
    fork('b').run(trace(() => later().then(() => [Zone.current.name, Zone.current.get('mine')]))),
  );
  await check('run: this and arguments', () => {
    const self = {};
    return fork('c').run(
      trace(function (...args) {
        return [this === self, args];
      }),
      self,
      [1, undefined, 3],
    );
  });
  await check('wrap: this and arguments', () => {
    const self = {
      run: fork('d').wrap(
        trace(function (...args) {
          return [this === self, args, Zone.current.name];
        }),
        'test',
      ),
    };
    return self.run(1, undefined);
  });
  await check('runGuarded: an error goes to the zone', (log) => {
    const zone = fork('e', {
      onHandleError: (delegate, current, target, error) => {
        log('handled', error);
        return false;
      },
    });
    return zone.runGuarded(
      trace(() => {
        throw new RangeError('mine');
      }),
    );
  });
  await check('an unhandled rejection goes to the zone', async (log) => {
    const zone = fork('f', {
      onHandleError: (delegate, current, target, error) => {
        log('handled', error.rejection ?? error);
        return false;
      },
    });
    zone.run(trace(() => Promise.reject(new RangeError('mine'))));
    zone.run(trace(() => Promise.reject(new RangeError('heard')))).catch(() => {});
    zone.run(
      () =>
        void trace(() =>
          later().then(() => {
            throw new RangeError('later');
          }),
        )(),
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await check('tasks that a zone sees', async (log) => {
    const zone = fork('g', {
      onScheduleTask: (delegate, current, target, task) => {
        log('scheduled', task.type, task.source);
        return delegate.scheduleTask(target, task);
      },
      onInvokeTask: (delegate, current, target, task, self, args) => {
        log('invoked', task.type, task.source);
        return delegate.invokeTask(target, task, self, args);
      },
    });
    await zone.run(trace(() => new Promise((resolve) => setTimeout(resolve, 1))));
  });
  await check('whether a zone is stable', async (log) => {
    const zone = fork('h', {
      onHasTask: (delegate, current, target, state) => {
        log(state.change, state.microTask, state.macroTask);
        delegate.hasTask(target, state);
      },
    });
    await zone.run(trace(() => later(3)));
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  await check('a task that is cancelled', async (log) => {
    const zone = fork('i', {
      onCancelTask: (delegate, current, target, task) => {
        log('cancelled', task.source);
        return delegate.cancelTask(target, task);
      },
    });
    zone.run(trace(() => clearTimeout(setTimeout(() => log('never'), 5))));
    await later();
  });
  await check('the statics of ZoneAwarePromise, traced', async () => {
    const all = trace((...args) => Promise.all(...args));
    const any = trace((...args) => Promise.any(...args));
    const race = trace((...args) => Promise.race(...args));
    const settled = trace((...args) => Promise.allSettled(...args));
    return [
      await all([1, later(2)]),
      await any([Promise.reject(new Error('no')), later(3)]),
      await race([later(4), new Promise(() => {})]),
      await settled([later(1), Promise.reject(new RangeError('mine'))]),
      await failure(() => any([Promise.reject(new Error('no'))])),
    ];
  });
  await check('a traced class in a zone', async () => {
    class Service {
      value = 5;
      load(...args) {
        return later().then(() => [this.value, args.length, Zone.current.name]);
      }
      async wait(...args) {
        await later();
        return [this.value, args.length];
      }
    }
    trace.class(Service);
    return fork('j').run(async () => {
      const service = new Service();
      return [await service.load(1, undefined), await service.wait(1, 2, 3)];
    });
  });
  await check('events of an EventEmitter', async (log) => {
    const { EventEmitter } = await import('node:events');
    const emitter = new EventEmitter();
    const listener = trace(function (...args) {
      log(this === emitter, ...args, Zone.current.name);
    });
    fork('k').run(() => emitter.on('mine', listener));
    emitter.emit('mine', 1, undefined, 3);
    emitter.removeListener('mine', listener);
    return emitter.listenerCount('mine');
  });
}
