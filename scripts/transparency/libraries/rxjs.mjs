import * as rxjs from 'rxjs';
import { failure } from '../entries.mjs';
import { observables } from '../shared/observables.mjs';

const make = (values = [1], end = 'complete') =>
  new rxjs.Observable((subscriber) => {
    for (const value of values) subscriber.next(value);
    if (end === 'complete') subscriber.complete();
    else if (end !== 'never') subscriber.error(end);
  });

/** All that an observable says. */
const heard = (observable) =>
  new Promise((resolve) => {
    const said = [];
    observable.subscribe({
      next: (value) => said.push(value),
      error: (error) => resolve([...said, 'error', error]),
      complete: () => resolve([...said, 'complete']),
    });
  });

export async function suite(kit) {
  const { trace, check } = kit;
  await observables(kit, 'Observable', make);
  await observables(kit, 'Subject', (values, end) => {
    const subject = new rxjs.ReplaySubject();
    for (const value of values ?? []) subject.next(value);
    if (end === 'complete') subject.complete();
    else if (end && end !== 'never') subject.error(end);
    return subject;
  });
  await observables(kit, 'asynchronous', (values = [1], end = 'complete') =>
    make(values, end).pipe(rxjs.observeOn(rxjs.asyncScheduler)),
  );

  const traced = trace.all(rxjs, ['Observable']);
  const {
    of,
    from,
    map,
    filter,
    mergeMap,
    concatMap,
    switchMap,
    take,
    toArray,
    scan,
    reduce,
    catchError,
    tap,
  } = traced;
  const {
    finalize,
    zip,
    combineLatest,
    merge,
    concat,
    defer,
    interval,
    timer,
    range,
    throwError,
    firstValueFrom,
  } = traced;
  const {
    lastValueFrom,
    share,
    shareReplay,
    retry,
    timeout,
    bufferCount,
    groupBy,
    distinct,
    startWith,
    iif,
  } = traced;
  const list = {
    'of, map': () => of(1, 2, 3).pipe(map((...args) => args)),
    filter: () => of(1, 2, 3).pipe(filter((...args) => args[1] > 0)),
    'from an array, a promise, a generator': () =>
      concat(
        from([1, 2]),
        from(Promise.resolve(3)),
        from(
          (function* () {
            yield 4;
          })(),
        ),
        from(
          (async function* () {
            yield 5;
          })(),
        ),
      ),
    mergeMap: () => of(1, 2).pipe(mergeMap((value, ...rest) => timer(value).pipe(map(() => [value, rest])))),
    concatMap: () => of(1, 2).pipe(concatMap((value, index) => of(value, index))),
    switchMap: () => of(1, 2).pipe(switchMap((value) => timer(1).pipe(map(() => value)))),
    'scan, reduce': () =>
      of(1, 2, 3).pipe(
        scan((...args) => args[0] + args[1], 0),
        reduce((sum, value, index) => sum + value * index, 0),
      ),
    catchError: () =>
      throwError(() => new RangeError('mine')).pipe(
        catchError((error, caught) => of(error, caught instanceof rxjs.Observable)),
      ),
    'retry and defer': () => {
      let runs = 0;
      return defer(() => (++runs < 3 ? throwError(() => new Error('no')) : of(runs))).pipe(retry(5));
    },
    'zip, combineLatest, merge': () =>
      merge(zip(of(1, 2), of('a', 'b')), combineLatest([of(1), of(2, 3)]), combineLatest({ a: of(1) })),
    'take, toArray': () => range(1, 100).pipe(take(3), toArray()),
    'interval, left by take': () => interval(1).pipe(take(3)),
    timeout: () => new rxjs.Observable(() => {}).pipe(timeout(2)),
    'bufferCount, groupBy, distinct, startWith': () =>
      of(1, 1, 2, 3).pipe(
        distinct(),
        startWith(0),
        groupBy((value) => value % 2),
        mergeMap((group) =>
          group.pipe(
            toArray(),
            map((all) => [group.key, all]),
          ),
        ),
        bufferCount(2),
      ),
    'iif, share': () => iif(() => true, of(1), of(2)).pipe(share()),
  };
  for (const [name, build] of Object.entries(list)) await check(`traced: ${name}`, () => heard(build()));

  await check('traced: firstValueFrom, lastValueFrom', async () => [
    await firstValueFrom(of(1, 2)),
    await lastValueFrom(of(1, 2)),
    await failure(() => firstValueFrom(of())),
    await firstValueFrom(of(), { defaultValue: 9 }),
  ]);
  await check('traced: shareReplay, subscribed twice', async (log) => {
    const shared = defer(() => {
      log('run');
      return of(1, 2);
    }).pipe(shareReplay(1));
    return [await heard(shared), await heard(shared)];
  });
  await check('traced: tap and finalize, in order', async (log) => {
    const said = await heard(
      of(1).pipe(
        tap({
          next: (value) => log('tap', value),
          complete: () => log('tap complete'),
          finalize: () => log('tap finalize'),
        }),
        finalize(() => log('finalize')),
      ),
    );
    log('heard');
    return said;
  });
  await check('tap: a subscriber that unsubscribes', (log) => {
    const load = trace(() =>
      new rxjs.Observable((subscriber) => {
        subscriber.next(1);
        return () => log('teardown');
      }).pipe(
        rxjs.tap({ unsubscribe: () => log('unsubscribed') }),
        rxjs.finalize(() => log('finalize')),
      ),
    );
    load()
      .subscribe((value) => log(value))
      .unsubscribe();
  });
  await check('subscriber methods: this and closed', (log) => {
    const load = trace(
      () =>
        new rxjs.Observable(function (subscriber) {
          log(this instanceof rxjs.Observable, subscriber instanceof rxjs.Subscriber, subscriber.closed);
          subscriber.next(1, 2);
          subscriber.complete();
          log(subscriber.closed);
          return function () {
            log('teardown', this === undefined);
          };
        }),
    );
    load().subscribe((...args) => log(...args));
  });
  await check('a Subscriber that is passed through', (log) => {
    const load = trace(() => make([1, 2]));
    const subscriber = new rxjs.Subscriber({ next: (value) => log(value), complete: () => log('complete') });
    return load().subscribe(subscriber) === subscriber;
  });
  await check('a SafeSubscriber of an operator is the source of its teardown', (log) => {
    const source = trace(() => make([1, 2], 'never'))();
    const subject = new rxjs.Subject();
    subject.subscribe((value) => log(value));
    const subscription = source.subscribe(subject);
    subscription.add(() => log('teardown'));
    subscription.unsubscribe();
    return subject.observed;
  });
  await check('a subject: observed, next from outside, pipe', (log) => {
    const subject = new rxjs.Subject();
    const got = trace(() => subject)();
    const before = subject.observed;
    const subscription = got.subscribe((value) => log(value));
    subject.next(1);
    got.next(2);
    const during = subject.observed;
    subscription.unsubscribe();
    return [before, during, subject.observed, got === subject, got.asObservable() === subject];
  });
  await check('a BehaviorSubject: value', (log) => {
    const subject = trace((value) => new rxjs.BehaviorSubject(value))(1);
    subject.subscribe((value) => log(value));
    subject.next(2);
    return [subject.value, subject.getValue()];
  });
  await check('lift, source and operator', () => {
    const source = make();
    const got = trace(() => source.pipe(rxjs.map((value) => value)))();
    return [
      got.source === source,
      typeof got.operator,
      got instanceof rxjs.Observable,
      rxjs.isObservable(got),
    ];
  });
  await check('forEach and toPromise', async (log) => {
    const load = trace(() => make([1, 2]));
    await load().forEach((...args) => log(...args));
    return [
      await load().toPromise(),
      await failure(() => trace(() => make([1], new RangeError('mine')))().forEach(() => {})),
    ];
  });
  await check('a chain of traced operators of a user', async () => {
    const double = trace(() => (source) => source.pipe(rxjs.map((value) => value * 2)));
    return heard(
      make([1, 2]).pipe(
        double(),
        trace((source) => source.pipe(rxjs.toArray())),
      ),
    );
  });
  await check('traced callbacks: this and arguments', async () => {
    const seen = [];
    const self = { name: 'self' };
    const project = trace(function (...args) {
      seen.push(this?.name, args);
      return args[0];
    });
    await heard(
      make([1, 2]).pipe(
        rxjs.map(project, self),
        rxjs.filter(project, self),
        rxjs.mergeMap(async (...args) => project(...args)),
      ),
    );
    return seen;
  });
  await check('a scheduler: traced work', async (log) => {
    const work = trace(function (state) {
      log(state, this.constructor.name);
      if (state < 2) this.schedule(state + 1, 1);
    });
    rxjs.asyncScheduler.schedule(work, 1, 0);
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await check('a class', async () => {
    class Feed {
      values = [1, 2];
      all(...args) {
        return rxjs.from(this.values).pipe(rxjs.map((value) => [value, args.length]));
      }
      fail() {
        return rxjs.throwError(() => new RangeError('mine'));
      }
    }
    trace.class(Feed);
    const feed = new Feed();
    return [await heard(feed.all(1, undefined)), await heard(feed.fail())];
  });
}
