import * as xstate from 'xstate';
import { failure } from '../entries.mjs';

export async function suite({ trace, check }) {
  const {
    assign,
    createActor,
    createMachine,
    fromCallback,
    fromObservable,
    fromPromise,
    fromTransition,
    setup,
    toPromise,
    waitFor,
    sendTo,
    emit,
    raise,
    getNextSnapshot,
    enqueueActions,
  } = trace.all(xstate);
  const later = (value, ms = 1) => new Promise((resolve) => setTimeout(resolve, ms, value));
  const light = () =>
    createMachine({
      id: 'light',
      initial: 'green',
      context: { turns: 0 },
      states: {
        green: {
          on: {
            NEXT: {
              target: 'red',
              actions: assign({
                turns: trace(function ({ context }, ...rest) {
                  return context.turns + 1 + (rest.length > 1 ? 100 : 0);
                }),
              }),
            },
          },
        },
        red: { on: { NEXT: 'off' } },
        off: { type: 'final' },
      },
    });
  const brief = ({ value, context, status, output, error }) => ({ value, context, status, output, error });
  await check('a machine', () => {
    const machine = light();
    return [
      machine.id,
      trace(() => machine)() === machine,
      typeof machine.provide,
      Object.keys(machine.states),
    ];
  });
  await check('an actor: start, send, stop answer', () => {
    const actor = createActor(light());
    return [
      actor.start() === actor,
      actor.send({ type: 'NEXT' }),
      brief(actor.getSnapshot()),
      actor.stop() === actor,
      actor.getSnapshot().status,
    ];
  });
  await check('the same actor comes out', () => {
    const actor = createActor(light());
    return [
      trace(() => actor)() === actor,
      typeof actor.subscribe,
      Object.keys(trace(() => createActor(light()))())
        .toSorted()
        .join() === Object.keys(actor).toSorted().join(),
      actor.subscribe.name,
      actor.subscribe.length,
    ];
  });
  await check('subscribe: this, arguments, order, completion', (log) => {
    const actor = trace(() => createActor(light()).start())();
    const observer = {
      next(snapshot, ...rest) {
        log('next', this === observer, snapshot.value, rest.length);
      },
      error(error) {
        log('error', error);
      },
      complete(...args) {
        log('complete', this === observer, args.length);
      },
    };
    const subscription = actor.subscribe(observer);
    actor.send({ type: 'NEXT' });
    log('sent');
    actor.send({ type: 'NEXT' });
    return Object.keys(subscription);
  });
  await check('subscribe with functions', (log) => {
    const actor = createActor(light()).start();
    actor.subscribe(
      (...args) => log('next', args.length, args[0].value),
      (error) => log('error', error),
      (...args) => log('complete', args.length),
    );
    actor.send({ type: 'NEXT' });
    actor.send({ type: 'NEXT' });
  });
  await check('unsubscribe', (log) => {
    const actor = createActor(light()).start();
    const subscription = actor.subscribe((snapshot) => log(snapshot.value));
    actor.send({ type: 'NEXT' });
    subscription.unsubscribe();
    actor.send({ type: 'NEXT' });
  });
  await check('subscribed before the start', (log) => {
    const actor = createActor(light());
    actor.subscribe((snapshot) => log(snapshot.value));
    actor.start();
    actor.send({ type: 'NEXT' });
  });
  await check('subscribed after the end', (log) => {
    const actor = createActor(light()).start();
    actor.stop();
    actor.subscribe({ next: () => log('next'), complete: () => log('complete') });
  });
  await check('Symbol.observable', () => {
    const actor = createActor(light());
    return actor[Symbol.observable ?? '@@observable']() === actor;
  });
  await check('to RxJS', async (log) => {
    const { from } = await import('rxjs');
    const actor = createActor(light()).start();
    const subscription = from(actor).subscribe((snapshot) => log(snapshot.value));
    actor.send({ type: 'NEXT' });
    subscription.unsubscribe();
  });
  await check('fromPromise: input, output', async (log) => {
    const actor = createActor(
      fromPromise(
        trace(async function (...args) {
          log(args.length, Object.keys(args[0]).toSorted());
          return later(args[0].input * 2);
        }),
      ),
      { input: 4 },
    );
    actor.start();
    return [await toPromise(actor), brief(actor.getSnapshot())];
  });
  await check('fromPromise: an error', async () => {
    const actor = createActor(
      fromPromise(
        trace(async () => {
          throw new RangeError('mine');
        }),
      ),
    );
    actor.subscribe({ error() {} });
    actor.start();
    return [await failure(() => toPromise(actor)), actor.getSnapshot().status];
  });
  await check('fromPromise: stopped, the signal', async (log) => {
    const actor = createActor(
      fromPromise(
        trace(async ({ signal }) => {
          signal.addEventListener('abort', () => log('aborted'));
          await later(1, 20);
        }),
      ),
    );
    actor.start();
    await later();
    actor.stop();
    return actor.getSnapshot().status;
  });
  await check('fromPromise: an error that nobody hears', async () => {
    createActor(
      fromPromise(
        trace(async () => {
          throw new RangeError('mine');
        }),
      ),
    ).start();
    await later(1, 10);
  });
  await check('fromCallback: this, arguments, cleanup', async (log) => {
    const actor = createActor(
      fromCallback(
        trace((...args) => {
          log(args.length, Object.keys(args[0]).toSorted());
          args[0].receive((event) => log('received', event.type));
          return () => log('cleaned up');
        }),
      ),
    ).start();
    actor.send({ type: 'A' });
    actor.stop();
  });
  await check('fromObservable', async (log) => {
    const { of } = await import('rxjs');
    const actor = createActor(fromObservable(trace(() => of(1, 2))));
    actor.subscribe({ next: ({ context }) => log(context), complete: () => log('complete') });
    actor.start();
  });
  await check('fromObservable: stopped', async (log) => {
    const { Observable } = await import('rxjs');
    const actor = createActor(
      fromObservable(
        trace(
          () =>
            new Observable((subscriber) => {
              subscriber.next(1);
              return () => log('torn down');
            }),
        ),
      ),
    ).start();
    actor.stop();
    return actor.getSnapshot().context;
  });
  await check('fromTransition', () => {
    const actor = createActor(
      fromTransition(
        trace((state, event, ...rest) => state + event.by + (rest.length === 1 ? 0 : 100)),
        1,
      ),
    ).start();
    actor.send({ type: 'add', by: 2 });
    return actor.getSnapshot().context;
  });
  await check('invoke: done and error', async () => {
    const machine = (work) =>
      createMachine({
        initial: 'busy',
        context: {},
        states: {
          busy: {
            invoke: {
              src: fromPromise(trace(work)),
              onDone: { target: 'done', actions: assign({ value: ({ event }) => event.output }) },
              onError: { target: 'lost', actions: assign({ value: ({ event }) => event.error }) },
            },
          },
          done: { type: 'final' },
          lost: { type: 'final' },
        },
      });
    const run = async (work) => {
      const actor = createActor(machine(work)).start();
      return brief(await waitFor(actor, ({ status }) => status === 'done'));
    };
    return [
      await run(() => later(5)),
      await run(async () => {
        throw new RangeError('mine');
      }),
    ];
  });
  await check('actions, guards, delays of setup()', async (log) => {
    const machine = setup({
      actions: {
        note: trace(function (args, parameters) {
          log(this === undefined, Object.keys(args).toSorted(), parameters);
        }),
      },
      guards: { isOpen: trace((args, parameters) => parameters.open) },
      delays: { soon: trace(() => 1) },
    }).createMachine({
      initial: 'a',
      states: {
        a: {
          entry: { type: 'note', params: { mine: 1 } },
          always: { guard: { type: 'isOpen', params: { open: true } }, target: 'b' },
        },
        b: { after: { soon: 'c' } },
        c: { type: 'final' },
      },
    });
    const actor = createActor(machine).start();
    return brief(await waitFor(actor, ({ status }) => status === 'done'));
  });
  await check('emit and on', (log) => {
    const actor = createActor(createMachine({ on: { A: { actions: emit({ type: 'heard', value: 1 }) } } }));
    const subscription = actor.on('heard', (...args) => log(...args));
    actor.start();
    actor.send({ type: 'A' });
    subscription.unsubscribe();
    actor.send({ type: 'A' });
  });
  await check('raise, sendTo, enqueueActions', (log) => {
    const actor = createActor(
      createMachine({
        on: {
          A: { actions: raise({ type: 'B' }) },
          B: {
            actions: enqueueActions(
              trace(({ enqueue }) => {
                enqueue(trace(() => log('B')));
              }),
            ),
          },
        },
      }),
    ).start();
    actor.send({ type: 'A' });
    return typeof sendTo;
  });
  await check('waitFor: too late', () =>
    failure(() => waitFor(createActor(light()).start(), () => false, { timeout: 3 })),
  );
  await check('waitFor: a signal', async () => {
    const controller = new AbortController();
    const waiting = failure(() =>
      waitFor(createActor(light()).start(), () => false, { signal: controller.signal }),
    );
    controller.abort(new RangeError('enough'));
    return waiting;
  });
  await check('getNextSnapshot', () => brief(getNextSnapshot(light(), undefined, { type: 'NEXT' })));
  await check('persisted snapshots', () => {
    const actor = createActor(light()).start();
    actor.send({ type: 'NEXT' });
    const snapshot = trace(() => actor.getPersistedSnapshot())();
    return [brief(snapshot), createActor(light(), { snapshot }).start().getSnapshot().value];
  });
  await check('inspection', (log) => {
    createActor(light(), { inspect: trace((...args) => log(args.length, args[0].type)) })
      .start()
      .send({ type: 'NEXT' });
  });
  await check('an action that throws', async (log) => {
    const actor = createActor(
      createMachine({
        on: {
          A: {
            actions: trace(() => {
              throw new RangeError('mine');
            }),
          },
        },
      }),
    );
    actor.subscribe({ error: (error) => log('error', error) });
    actor.start();
    actor.send({ type: 'A' });
    await later();
    return actor.getSnapshot().status;
  });
  await check('a class that holds an actor', () => {
    class Lamp {
      #actor = xstate.createActor(light()).start();
      actor(...args) {
        return args.length === 2 ? this.#actor : undefined;
      }
      next() {
        return this.#actor.send({ type: 'NEXT' });
      }
    }
    trace.class(Lamp);
    const lamp = new Lamp();
    lamp.next();
    const seen = [];
    lamp.actor(1, undefined).subscribe((snapshot) => seen.push(snapshot.value));
    lamp.actor(1, 2).send({ type: 'NEXT' });
    return [seen, lamp.actor(1, 2) === lamp.actor(1, 2), lamp.actor(1, 2).getSnapshot().value];
  });
}
