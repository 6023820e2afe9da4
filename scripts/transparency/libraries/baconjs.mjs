import * as Bacon from 'baconjs';

const make = (values = [1], end = 'complete') =>
  Bacon.fromBinder((sink) => {
    for (const value of values) sink(new Bacon.Next(value));
    if (end === 'complete') sink(new Bacon.End());
    else if (end !== 'never') {
      sink(new Bacon.Error(end));
      sink(new Bacon.End());
    }
    return () => {};
  });
const words = (event) =>
  event.isEnd
    ? ['end']
    : event.isError
      ? ['error', event.error]
      : [event.isInitial ? 'initial' : 'next', event.value];
const heard = (observable) =>
  new Promise((resolve) => {
    const said = [];
    observable.subscribe((event) => {
      said.push(words(event));
      if (event.isEnd) resolve(said);
    });
  });

export async function suite({ trace, check: ask }) {
  const check = (name, act) =>
    ask(name, async (log) => {
      const answer = await act(log);
      // Bacon sends later.
      await new Promise((resolve) => setTimeout(resolve, 10));
      return answer;
    });
  const traced = trace.all(Bacon, [
    'Bus',
    'EventStream',
    'Property',
    'Observable',
    'Next',
    'End',
    'Error',
    'Initial',
    'Event',
    'Value',
    'Desc',
    'CompositeUnsubscribe',
  ]);
  const {
    once,
    fromArray,
    sequentially,
    interval,
    later,
    never,
    fromPromise,
    fromCallback,
    fromNodeCallback,
    fromBinder,
    fromPoll,
    repeat,
    constant,
    combineAsArray,
    combineTemplate,
    combineWith,
    mergeAll,
    zipAsArray,
    concatAll,
    retry,
    onValues,
    when,
    update,
  } = traced;
  const list = {
    'once, fromArray': () => concatAll(once(1), fromArray([2, 3])),
    'sequentially, later': () => mergeAll(sequentially(1, [1, 2]), later(8, 'late')),
    'interval, take': () => interval(1, 'tick').take(2),
    never: () => never(),
    'fromPromise, fulfilled': () => fromPromise(trace(async () => 1)()),
    'fromPromise, rejected': () =>
      fromPromise(
        trace(async () => {
          throw new RangeError('mine');
        })(),
      ),
    'fromPromise that is aborted': () =>
      fromPromise(Object.assign(new Promise(() => {}), { abort() {} }), true)
        .merge(later(1, 'a'))
        .take(1),
    fromCallback: () =>
      fromCallback(
        trace((...args) => args.at(-1)(args.length)),
        1,
        undefined,
      ),
    fromNodeCallback: () =>
      concatAll(
        fromNodeCallback(trace((done) => done(null, 1))),
        fromNodeCallback(trace((done) => done(new RangeError('mine')))),
      ),
    fromPoll: () => {
      let nth = 0;
      return fromPoll(
        1,
        trace(() => (++nth > 2 ? new Bacon.End() : new Bacon.Next(nth))),
      );
    },
    repeat: () => repeat((nth, ...rest) => nth < 2 && once([nth, rest.length])),
    'constant, combineAsArray, combineTemplate': () =>
      concatAll(
        combineAsArray(constant(1), constant(2)),
        combineTemplate({ a: constant(1), b: [constant(2)] }),
      ),
    combineWith: () => combineWith((...args) => args, constant(1), constant(2)),
    zipAsArray: () => zipAsArray(fromArray([1, 2]), fromArray([3, 4])),
    retry: () => {
      let runs = 0;
      return retry({
        source: (...args) => (++runs < 3 ? once(new Bacon.Error('no')) : once([runs, args])),
        retries: 5,
        delay: () => 1,
      });
    },
    'when, update': () =>
      when([once(1), once(2), (...args) => args]).concat(update(0, [once(1), (...args) => args])),
    'map, filter, scan, fold, flatMap': () =>
      fromArray([1, 2, 3])
        .map((...args) => args[0] * 2)
        .filter((value) => value > 2)
        .scan(0, (...args) => args[0] + args[1])
        .flatMap((value) => once(value))
        .fold([], (all, value) => [...all, value]),
    'errors: mapError, flatMapError, skipErrors': () =>
      once(new Bacon.Error('mine'))
        .mapError((...args) => args)
        .concat(once(new Bacon.Error('b')).flatMapError((error) => once(error))),
    'the context of a method: map with an object and a name': () =>
      once({
        name: 'a',
        get() {
          return this.name;
        },
      }).map('.get'),
    'doAction, bufferWithCount, diff, slidingWindow': () =>
      fromArray([1, 2])
        .doAction(() => {})
        .diff(0, (...args) => args)
        .bufferWithCount(2),
  };
  for (const [name, build] of Object.entries(list)) await check(`traced: ${name}`, () => heard(build()));
  await check('the same object comes out that went in', () => {
    const inner = make();
    return trace(() => inner)() === inner;
  });
  await check('this and arguments', () => {
    const seen = [];
    const self = {
      make: trace(function (...args) {
        seen.push(this === self, args.length);
        return make();
      }),
    };
    self.make(1, undefined);
    return seen;
  });
  await check('subscribe: events, order, what it answers', (log) => {
    const unsubscribe = trace(() => make([1, 2], new RangeError('mine')))().subscribe(function (...events) {
      log(events.length, words(events[0]));
    });
    return typeof unsubscribe;
  });
  await check('subscribe: Bacon.noMore', (log) => {
    trace(() => make([1, 2, 3]))().subscribe((event) => {
      log(words(event));
      return Bacon.noMore;
    });
  });
  await check('subscribe, unsubscribed: the binder is told', async (log) => {
    const source = trace(() =>
      fromBinder((sink) => {
        sink(1);
        return () => log('unbound');
      }),
    )();
    source.subscribe((event) => log(words(event)))();
  });
  await check('onValue, onError, onEnd: arguments, what they answer', (log) => {
    const source = trace(() => make([1], new RangeError('mine')))();
    return [
      source.onValue((...args) => log('value', ...args)),
      trace(() => make([1], new RangeError('mine')))().onError((...args) => log('error', ...args)),
      trace(() => make())().onEnd((...args) => log('end', ...args)),
    ].map((one) => typeof one);
  });
  await check('onValue with arguments that come first', (log) =>
    trace(() => make([1]))().onValue((...args) => log(...args), 'first', 'second'),
  );
  await check('onValues', (log) => {
    onValues(constant(1), constant(2), (...args) => log(...args));
  });
  await check('toPromise, firstToPromise', async () => [
    await make([1, 2]).toPromise(),
    await trace(() => make([1, 2]).firstToPromise())(),
  ]);
  await check('a bus', (log) => {
    const bus = trace(() => new Bacon.Bus())();
    bus.subscribe((event) => log(words(event)));
    bus.push(1);
    bus.plug(constant(2));
    bus.error(new RangeError('mine'));
    bus.end();
    return bus instanceof Bacon.Bus;
  });
  await check('a property has its value for each', (log) => {
    const property = trace(() => Bacon.constant(1))();
    property.onValue((value) => log('a', value));
    property.onValue((value) => log('b', value));
    return property instanceof Bacon.Property;
  });
  await check('names', () => [
    make().toString(),
    trace(() => Bacon.once(1).map((value) => value))().toString(),
    trace(() => make().name('mine'))().toString(),
  ]);
  await check('Symbol.observable', (log) => {
    const source = trace(() => make([1, 2]))();
    source
      .toESObservable()
      .subscribe({ next: (...args) => log(...args), complete: (...args) => log('complete', ...args) });
  });
  await check('ES observable: an error, unsubscribed', (log) => {
    trace(() => make([1], new RangeError('mine')).toESObservable())().subscribe({
      next: log,
      error: (error) => log('error', error),
      complete: () => log('complete'),
    });
    const subscription = trace(() => make([1], 'never').toESObservable())().subscribe({ next: log });
    return [subscription.closed, subscription.unsubscribe(), subscription.closed];
  });
  await check('a class', async () => {
    class Feed {
      values = [1, 2];
      all(...args) {
        return Bacon.fromArray(this.values).map((value) => [value, args.length]);
      }
    }
    trace.class(Feed);
    return heard(new Feed().all(1, undefined));
  });
}
