import Kefir from 'kefir';
import { observables } from '../shared/observables.mjs';

const make = (values = [1], end = 'complete') =>
  Kefir.stream((emitter) => {
    for (const value of values) emitter.value(value);
    if (end === 'complete') emitter.end();
    else if (end !== 'never') {
      emitter.error(end);
      emitter.end();
    }
  });
const heard = (observable) =>
  new Promise((resolve) => {
    const said = [];
    observable.onAny((event) => {
      said.push([event.type, event.value]);
      if (event.type === 'end') resolve(said);
    });
  });

export async function suite(kit) {
  const { trace, check } = kit;
  // Its observables say an error as a value of another kind, which does not end them; `subscribe` is `observe`.
  await observables(kit, 'toESObservable', (values, end) => make(values, end).toESObservable());
  const traced = trace.all(Kefir);
  const {
    sequentially,
    interval,
    constant,
    constantError,
    fromPromise,
    fromCallback,
    fromNodeCallback,
    merge,
    combine,
    zip,
    pool,
    later,
    never,
    concat,
    stream,
    repeat,
  } = traced;
  const list = {
    sequentially: () => sequentially(1, [1, 2]),
    interval: () => interval(1, 'tick').take(2),
    'constant, constantError': () => merge([constant(1), constantError(new RangeError('mine'))]),
    'fromPromise, fulfilled': () => fromPromise(trace(async () => 1)()),
    'fromPromise, rejected': () =>
      fromPromise(
        trace(async () => {
          throw new RangeError('mine');
        })(),
      ),
    'fromCallback, fromNodeCallback': () =>
      concat([
        fromCallback(trace((done, ...rest) => done(rest.length))),
        fromNodeCallback(trace((done) => done(null, 1))),
      ]),
    'combine, zip': () =>
      concat([combine([constant(1), constant(2)], (...args) => args), zip([constant(1), constant(2)])]),
    'map, filter, scan, take, flatMap': () =>
      sequentially(1, [1, 2, 3])
        .map((...args) => args[0] * 2)
        .filter((value) => value > 2)
        .scan((...args) => args[0] + args[1], 0)
        .flatMap((value) => later(1, value))
        .take(2),
    'mapErrors, flatMapErrors, skipErrors': () =>
      constantError(1)
        .mapErrors((...args) => args)
        .flatMapErrors((error) => constant(error)),
    'later, delay, debounce, throttle': () => later(1, 'a').delay(1).debounce(1).throttle(1),
    'bufferWithCount, diff, toProperty': () =>
      sequentially(1, [1, 2])
        .diff(
          trace((...args) => args.length),
          0,
        )
        .toProperty(() => 'start')
        .bufferWithCount(3),
    repeat: () => repeat((nth, ...rest) => (nth < 2 ? constant([nth, rest.length]) : false)),
    'a transducer of one’s own: withHandler': () =>
      sequentially(1, [1, 2]).withHandler(function (emitter, event) {
        emitter.emit([event.type, this === undefined]);
        if (event.type === 'end') emitter.end();
      }),
  };
  for (const [name, build] of Object.entries(list)) await check(`traced: ${name}`, () => heard(build()));
  await check('stream: activation, emitter, unsubscription', async (log) => {
    const source = stream(function (emitter) {
      log('active', typeof emitter.emit, this === undefined);
      emitter.emit(1);
      return () => log('inactive');
    });
    const listener = (...args) => log(...args);
    const answer = source.onValue(listener);
    source.offValue(listener);
    return answer === source;
  });
  await check('observe: what it answers, order', (log) => {
    const source = trace(() => make([1], new RangeError('mine')))();
    const subscription = source.observe({
      value: (...args) => log('value', ...args),
      error: (...args) => log('error', ...args),
      end: (...args) => log('end', ...args),
    });
    return [Object.keys(subscription), subscription.closed, subscription.unsubscribe()];
  });
  await check('observe with functions', (log) => {
    trace(() => make([1], new RangeError('mine')))().observe(
      (...args) => log('value', ...args),
      (...args) => log('error', ...args),
      (...args) => log('end', ...args),
    );
  });
  await check('observe, unsubscribed', (log) => {
    const subscription = trace(() => Kefir.stream(() => () => log('inactive')))().observe(() => {});
    const before = subscription.closed;
    subscription.unsubscribe();
    return [before, subscription.closed];
  });
  await check('onValue, onError, onEnd, onAny answer the observable', (log) => {
    const source = trace(() => make([1], 'never'))();
    const noop = () => {};
    const listener = (...args) => log(...args);
    return [
      source.onValue(listener),
      source.onError(noop),
      source.onEnd(noop),
      source.onAny(noop),
      source.log === undefined ? source : source.offAny(noop),
    ].map((one) => one === source);
  });
  await check('toPromise', async () => [
    await trace(() => make([1, 2]))().toPromise(),
    await trace((...args) => make([args.length]).toPromise())(1, undefined),
  ]);
  await check('a pool', async (log) => {
    const pooled = pool();
    pooled.onValue((value) => log(value));
    const answer = pooled.plug(constant(1));
    pooled.plug(sequentially(1, [2]));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return answer === pooled;
  });
  await check('thru and never', async (log) => [
    make([1]).thru(trace((...args) => args.length)),
    never().onEnd(() => log('end')) !== undefined,
  ]);
  await check('names and descriptions', () => [
    make().toString(),
    trace(() => make().setName('mine'))().toString(),
    trace(() => make([1]).map((value) => value))().toString(),
  ]);
  await check('a property keeps its value', (log) => {
    const property = trace(() => Kefir.constant(1).toProperty())();
    property.onValue((value) => log('a', value));
    property.onValue((value) => log('b', value));
    return property instanceof Kefir.Property;
  });
  await check('a class', async () => {
    class Feed {
      values = [1, 2];
      all(...args) {
        return Kefir.sequentially(1, this.values).map((value) => [value, args.length]);
      }
    }
    trace.class(Feed);
    return heard(new Feed().all(1, undefined, 3));
  });
}
