import { trace } from '@opentelemetry/api';
import {
  BehaviorSubject,
  concat,
  config,
  firstValueFrom,
  from,
  lastValueFrom,
  map,
  mergeMap,
  Observable,
  of,
  retry,
  share,
  Subject,
  type Subscriber,
  switchMap,
  take,
  takeUntil,
  tap,
  throwError,
  toArray,
  type Observer,
} from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import { traceTask, withSpan } from '../../src/index.ts';
import { dropping, record, type SpanRow } from '../harness.ts';

const failure = new TypeError('no feed');
const RETURNED: SpanRow = { name: 'work' };
const LEFT: SpanRow = { name: 'work', attributes: { 'oncespan.outcome': 'aborted' } };
const THREW: SpanRow = {
  name: 'work',
  status: 'ERROR no feed',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: no feed'],
};

/** Everything that a subscriber hears. */
function listen(observable: Observable<unknown>) {
  const heard: unknown[] = [];
  const subscription = observable.subscribe({
    next: (value) => heard.push(value),
    error: (error) => heard.push(['error', error]),
    complete: () => heard.push('complete'),
  });
  return { heard, subscription };
}

const failing = () =>
  concat(
    of(1),
    throwError(() => failure),
  );
const inside = () => tap(() => withSpan('inside', () => {}));

const endings: Record<string, [() => Observable<unknown>, SpanRow]> = {
  'that completes at once': [() => of(1, 2), RETURNED],
  'that is empty': [() => new Observable((subscriber) => subscriber.complete()), RETURNED],
  'that fails': [failing, THREW],
  'whose operator throws': [
    () =>
      of(1).pipe(
        map(() => {
          throw failure;
        }),
      ),
    THREW,
  ],
  'whose subscribe throws': [
    () =>
      new Observable(() => {
        throw failure;
      }),
    THREW,
  ],
};

const uses: Record<string, (observable: Observable<unknown>, heard: unknown[]) => unknown> = {
  'an observer': (work, heard) =>
    work.subscribe({
      next: (value) => heard.push(value),
      error: (error) => heard.push(error),
      complete: () => heard.push('complete'),
    }),
  functions: (work, heard) =>
    // oxlint-disable-next-line typescript/no-deprecated
    work.subscribe(
      (value) => heard.push(value),
      (error) => heard.push(error),
      () => heard.push('complete'),
    ),
  operators: (work, heard) =>
    work
      .pipe(
        map((value) => [value]),
        toArray(),
      )
      .subscribe({ next: (all) => heard.push(all), error: (error) => heard.push(error) }),
  'flattening operators': (work, heard) =>
    of(1, 2)
      .pipe(
        take(1),
        switchMap(() => work),
        mergeMap((value) => of(value)),
      )
      .subscribe({ next: (value) => heard.push(value), error: (error) => heard.push(error) }),
  'a subject': (work, heard) => {
    const subject = new Subject<unknown>();
    subject.subscribe({
      next: (value) => heard.push(value),
      error: (error) => heard.push(error),
      complete: () => heard.push('complete'),
    });
    work.subscribe(subject);
    heard.push(subject.isStopped);
  },
  sharing: (work, heard) =>
    work.pipe(share()).subscribe({ next: (value) => heard.push(value), error: (error) => heard.push(error) }),
  forEach: async (work, heard) =>
    heard.push(await work.forEach((value) => heard.push(value)).catch((error: unknown) => error)),
  lastValueFrom: async (work, heard) =>
    heard.push(await lastValueFrom(work, { defaultValue: 0 }).catch((error: unknown) => error)),
  from: (work, heard) =>
    from(work).subscribe({ next: (value) => heard.push(value), error: (error) => heard.push(error) }),
};

describe.each(Object.entries(endings))('an observable %s', (_ending, [make, row]) => {
  test.each(Object.entries(uses))('subscribed to by %s', async (_use, use) => {
    const alone: unknown[] = [];
    await use(make(), alone);
    const { rows } = record();
    const observable = make();
    expect(traceTask(() => observable, 'work')()).toBe(observable);
    expect(rows()).toEqual([]);
    const heard: unknown[] = [];
    await use(observable, heard);
    expect(heard).toEqual(alone);
    expect(rows()).toEqual([row]);
  });
});

describe('unsubscribing', () => {
  const leave: Record<string, (work: Observable<unknown>) => unknown> = {
    'by the subscription': (work) => work.subscribe().unsubscribe(),
    'by switching to another': (work) => {
      const source = new Subject<Observable<unknown>>();
      source.pipe(switchMap((next) => next)).subscribe();
      source.next(work);
      source.next(of(1));
    },
  };
  const haveEnough: typeof leave = {
    'by take': (work) => work.pipe(take(1)).subscribe(),
    'by firstValueFrom': (work) => firstValueFrom(work),
  };
  test.each(Object.entries(haveEnough))(
    '%s, from within next, is an end like that of a loop',
    async (_how, act) => {
      const { rows } = record();
      const make = () => new Observable((subscriber) => subscriber.next(1));
      await act(traceTask(make, 'work')());
      expect(rows()).toEqual([RETURNED]);
      const later = new Subject<number>();
      const heard = act(traceTask(() => later.asObservable(), 'work')());
      later.next(1);
      await heard;
      expect(rows()).toEqual([RETURNED, RETURNED]);
      expect(later.observed).toBe(false);
    },
  );
  test.each(Object.entries(leave))('%s is nobody’s failure', async (_how, act) => {
    const { rows } = record();
    let stopped = 0;
    const make = () =>
      new Observable((subscriber) => {
        subscriber.next(1);
        return () => void stopped++;
      });
    await act(traceTask(make, 'work')());
    expect(stopped).toBe(1);
    expect(rows()).toEqual([LEFT]);
  });

  test('of one subscriber of two leaves the other at it', () => {
    const { rows } = record();
    const subject = new Subject<number>();
    const work = traceTask(() => subject.asObservable(), 'work')();
    const [first, second] = [listen(work), listen(work)];
    first.subscription.unsubscribe();
    first.subscription.unsubscribe();
    expect(rows()).toEqual([]);
    second.subscription.unsubscribe();
    expect(rows()).toEqual([LEFT]);
  });
});

test('takeUntil completes the very subscriber that it hands on, so that it looks like completing', () => {
  const { rows } = record();
  const stop = new Subject<void>();
  const work = traceTask(() => new Observable(() => {}), 'work')();
  work.pipe(takeUntil(stop)).subscribe();
  stop.next();
  expect(rows()).toEqual([RETURNED]);
});

test('the first terminal event ends the span, however many subscribers there are', () => {
  const { rows } = record();
  let subscribers = 0;
  const work = traceTask(
    () =>
      new Observable<number>((subscriber) => {
        subscribers++;
        subscriber.next(subscribers);
        if (subscribers === 2) subscriber.error(failure);
        else subscriber.complete();
      }),
    'work',
  )();
  expect([listen(work).heard, listen(work).heard, listen(work).heard]).toEqual([
    [1, 'complete'],
    [2, ['error', failure]],
    [3, 'complete'],
  ]);
  expect(rows()).toEqual([RETURNED]);
});

test('a retried one ends with its first failure', () => {
  const { rows } = record();
  let attempts = 0;
  const work = traceTask(
    () =>
      new Observable<number>((subscriber) => {
        if (attempts++ === 0) subscriber.error(failure);
        else subscriber.complete();
      }),
    'work',
  )();
  expect(listen(work.pipe(retry(1))).heard).toEqual(['complete']);
  expect(rows()).toEqual([THREW]);
});

test('an error that nobody handles is reported as before', async () => {
  const reports: unknown[] = [];
  config.onUnhandledError = (error) => reports.push(error);
  const fakes: (() => void)[] = [];
  const realTimeout = globalThis.setTimeout;
  // RxJS reports by a timer.
  globalThis.setTimeout = ((act: () => void) => fakes.push(act)) as never;
  try {
    const { rows } = record();
    const heard: unknown[] = [];
    traceTask(failing, 'work')().subscribe();
    traceTask(failing, 'work')().subscribe((value) => heard.push(value));
    traceTask(failing, 'work')().subscribe({ complete: () => heard.push('complete') });
    expect(heard).toEqual([1]);
    for (const act of fakes.splice(0)) act();
    expect(reports).toEqual([failure, failure, failure]);
    expect(rows()).toEqual([THREW, THREW, THREW]);
  } finally {
    config.onUnhandledError = null;
    globalThis.setTimeout = realTimeout;
  }
});

test('the context is active while it is subscribed to', () => {
  const { rows } = record();
  const seen: unknown[] = [];
  const work = traceTask(
    () =>
      new Observable((subscriber: Subscriber<number>) => {
        seen.push(trace.getActiveSpan());
        withSpan('inside', () => subscriber.next(1));
        subscriber.complete();
      }),
    'work',
  )();
  withSpan('consumer', () => work.pipe(map((value) => value)).subscribe());
  expect(seen).toEqual([expect.objectContaining({ name: 'work' })]);
  expect(rows()).toEqual([{ name: 'inside', parent: 'work' }, RETURNED, { name: 'consumer' }]);
});

test('nothing of one that is not sampled is sampled', () => {
  const { rows } = record({ sampler: dropping('work') });
  traceTask(() => of(1).pipe(inside()), { name: 'work', flush: 'never' })().subscribe();
  expect(rows()).toEqual([]);
});

test('an observer keeps its this, and what it learns later', () => {
  record();
  class Observer {
    #values: unknown[] = [];
    next(value: unknown) {
      this.#values.push(value);
    }
    get values() {
      return this.#values;
    }
  }
  const observer: Observer & { complete?: () => void } = new Observer();
  const subject = new Subject<number>();
  traceTask(() => subject.asObservable())().subscribe(observer);
  subject.next(1);
  let completed = false;
  observer.complete = () => void (completed = true);
  subject.complete();
  expect([observer.values, completed]).toEqual([[1], true]);
});

test('an observer of RxJS 6 can unsubscribe by its this', () => {
  const { rows } = record();
  const silenced = vi.spyOn(console, 'warn').mockImplementation(() => {});
  config.useDeprecatedNextContext = true;
  try {
    const heard: unknown[] = [];
    const observer = {
      name: 'mine',
      next(this: { name: string; unsubscribe(): void }, value: number) {
        heard.push([this.name, value]);
        this.unsubscribe();
      },
    };
    traceTask(() => of(1, 2), 'work')().subscribe(observer as Partial<Observer<number>>);
    expect(heard).toEqual([['mine', 1]]);
    expect(rows()).toEqual([RETURNED]);
  } finally {
    config.useDeprecatedNextContext = false;
    silenced.mockRestore();
  }
});

test('a synchronous source stops when its subscriber has had enough', () => {
  const { rows } = record();
  let produced = 0;
  const endless = () =>
    new Observable<number>((subscriber) => {
      while (!subscriber.closed) subscriber.next(produced++);
    });
  traceTask(endless, 'work')().pipe(take(3)).subscribe();
  expect(produced).toBe(3);
  expect(rows()).toEqual([RETURNED]);
});

test('it looks as it did', () => {
  record();
  const subject = new BehaviorSubject(1);
  const before = Object.keys(subject);
  traceTask(() => subject)();
  expect(Object.keys(subject)).toEqual(before);
  expect(subject).toBeInstanceOf(BehaviorSubject);
  subject.subscribe();
  subject.complete();
});

test('what has a subscribe and is no observable is a value', () => {
  const { rows } = record();
  const client = { subscribe: () => {} };
  traceTask(() => client, 'work')();
  expect(rows()).toEqual([RETURNED]);
});

test('handlers run in the context of who subscribes, whatever the span of the source', async () => {
  const { rows } = record();
  const seen: unknown[] = [];
  const active = () => void seen.push((trace.getActiveSpan() as { name?: string } | undefined)?.name);
  const values = new Subject<number>();
  const source = traceTask(() => values.asObservable(), 'work')();
  withSpan('request', () => {
    source.subscribe({ next: active, complete: active });
    source.pipe(map(active)).subscribe();
  });
  values.next(1);
  values.complete();
  expect(seen).toEqual(['request', 'request', 'request']);
  expect(rows()).toEqual([{ name: 'request' }, { name: 'work' }]);
});

test('a cached observable does not run later subscribers under the span it was made in', async () => {
  const { rows } = record();
  const flags = traceTask(() => new BehaviorSubject(1), 'work')();
  const request = (name: string) =>
    withSpan(name, () => {
      flags
        .pipe(
          take(1),
          map(() => withSpan(`query of ${name}`, () => {})),
        )
        .subscribe();
    });
  request('first');
  request('second');
  expect(rows()).toEqual([
    { name: 'query of first', parent: 'first' },
    expect.objectContaining({ name: 'work' }),
    { name: 'first' },
    { name: 'query of second', parent: 'second' },
    { name: 'second' },
  ]);
});

/** An observable by hand, under the key that it has; it keeps what it is given to subscribe with. */
function byHand(key: PropertyKey) {
  const given: ((value?: unknown) => void)[][] = [];
  return {
    given,
    subscribe(...handlers: ((value?: unknown) => void)[]) {
      given.push(handlers);
      return { unsubscribe() {} };
    },
    forEach() {},
    [key]() {
      return this;
    },
  };
}

test.each(['the symbol', 'the string'])(
  'where the language has a symbol for them, one under %s is heard',
  (kind) => {
    const { rows } = record();
    const before = Object.getOwnPropertyDescriptor(Symbol, 'observable');
    const observable = Symbol('observable');
    Object.defineProperty(Symbol, 'observable', { value: observable, configurable: true });
    try {
      const work = traceTask(() => byHand(kind === 'the symbol' ? observable : '@@observable'), 'work')();
      work.subscribe(() => {});
      expect(rows()).toEqual([]);
      work.given[0]![2]!();
      expect(rows()).toEqual([RETURNED]);
    } finally {
      // Some libraries bring it.
      Reflect.deleteProperty(Symbol, 'observable');
      if (before !== undefined) Object.defineProperty(Symbol, 'observable', before);
    }
  },
);

test('handlers keep their name and the number of their parameters', () => {
  record();
  const work = traceTask(() => byHand('@@observable'), 'work')();
  const handlers = [
    function onNext(_value: unknown, _index?: unknown) {},
    function onError(_error: unknown) {},
    function onComplete() {},
  ];
  work.subscribe(...handlers);
  const looks = (fns: { name: string; length: number }[]) => fns.map(({ name, length }) => [name, length]);
  expect(looks(work.given[0]!)).toEqual(looks(handlers));
  work.given[0]![2]!();
});

test('one that says nothing of errors is heard through the functions it is given, and given nothing else', () => {
  const { rows } = record();
  const work = () => {
    const { forEach: _, ...quiet } = byHand('@@observable');
    return traceTask(() => quiet, 'work')();
  };
  const heard = work();
  heard.subscribe(() => {});
  const [, error, complete] = heard.given[0]!;
  expect([error, rows()]).toEqual([undefined, []]);
  complete!();
  expect(rows()).toEqual([RETURNED]);
  const unheard = work();
  const subscription = unheard.subscribe();
  expect(unheard.given).toEqual([[]]);
  const other = unheard.subscribe(undefined!, undefined!);
  expect(unheard.given[1]).toEqual([undefined, undefined]);
  expect(unheard.given.map(({ length }) => length)).toEqual([0, 2]);
  subscription.unsubscribe();
  expect(rows()).toEqual([RETURNED]);
  other.unsubscribe();
  expect(rows()).toEqual([RETURNED, LEFT]);
});

describe('by the proposal of the language, an observer is told of its subscription before all else', () => {
  /** As core-js does it. */
  function proposed(values: Subject<number>) {
    return {
      subscribe(observer: Observer<number> & { start?(subscription: object): void }) {
        const subscription = { closed: false, unsubscribe: () => inner?.unsubscribe() };
        const { start } = observer;
        if (start !== undefined) Reflect.apply(start, observer, [subscription]);
        const inner = subscription.closed ? undefined : values.subscribe((value) => observer.next(value));
        return subscription;
      },
      '@@observable'() {
        return this;
      },
    };
  }

  class First {
    #subscription!: { closed: boolean; unsubscribe(): void };
    readonly heard: unknown[] = [];
    start(...given: [{ closed: boolean; unsubscribe(): void }]) {
      [this.#subscription] = given;
      this.heard.push(given.length, (trace.getActiveSpan() as { name?: string } | undefined)?.name);
    }
    next(value: number) {
      this.heard.push(value);
      this.#subscription.unsubscribe();
    }
  }

  test('and keeps it, where it is', () => {
    const { rows } = record();
    const values = new Subject<number>();
    const observer = new First();
    const work = traceTask(() => proposed(values), 'work')();
    withSpan('request', () => work.subscribe(observer as never));
    values.next(1);
    values.next(2);
    expect(observer.heard).toEqual([1, 'request', 1]);
    expect(rows()).toEqual([{ name: 'request' }, RETURNED]);
  });

  test('one that does not ask for it is told nothing', () => {
    const { rows } = record();
    const values = new Subject<number>();
    const heard: unknown[] = [];
    const work = traceTask(() => proposed(values), 'work')();
    work.subscribe({ next: (value: number) => heard.push(value) } as never).unsubscribe();
    expect([heard, values.observed]).toEqual([[], false]);
    expect(rows()).toEqual([LEFT]);
  });

  test('one that leaves at once has heard nothing', () => {
    const { rows } = record();
    const leave = (subscription: { closed: boolean }) => void (subscription.closed = true);
    traceTask(() => proposed(new Subject()), 'work')().subscribe({ start: leave } as never);
    expect(rows()).toEqual([LEFT]);
  });
});

// xstream's is consumed by `addListener`, most's by `observe` and `drain`: nothing of that would be heard.
test.each(['addListener', 'observe', 'drain'])('an observable with another way, %s, is a value', (way) => {
  const { rows } = record();
  const stream = { ...byHand('@@observable'), [way]: () => {} };
  const { subscribe } = stream;
  expect(traceTask(() => stream, 'work')()).toBe(stream);
  expect(rows()).toEqual([RETURNED]);
  expect(stream.subscribe).toBe(subscribe);
});
