// What every library's observables are asked. `make(values, end)`: a fresh one that sends the values within subscribe(), and then
// ends: 'complete', 'never', or with an error.

const observableKey = Symbol.observable ?? '@@observable';

export async function observables({ trace, check }, label, make) {
  const ask = (name, act) =>
    check(`${label}: ${name}`, async (log) => {
      const answer = await act(log);
      // What is sent later is part of it.
      await new Promise((resolve) => setTimeout(resolve, 10));
      return answer;
    });
  const traced = trace(make);
  const error = new RangeError('mine');

  await ask('this and arguments', () => {
    const seen = [];
    const self = {
      make: trace(function (...args) {
        seen.push(this === self, args.length);
        return make([1], 'complete');
      }),
    };
    self.make(1, undefined, 3);
    return seen;
  });
  await ask('the same object comes out that went in', () => {
    const inner = make([1], 'complete');
    return trace(() => inner)() === inner;
  });
  await ask('shape', () => {
    const plain = make([1], 'complete');
    const got = traced([1], 'complete');
    return [
      Object.getPrototypeOf(got) === Object.getPrototypeOf(plain),
      Object.keys(got).length === Object.keys(plain).length,
      got.subscribe.length === plain.subscribe.length,
      got.subscribe.name === plain.subscribe.name,
    ];
  });
  await ask('an observer: this, arguments, order', (log) => {
    const observer = {
      name: 'mine',
      next(...values) {
        log('next', this?.name, ...values);
      },
      error(...errors) {
        log('error', this?.name, ...errors);
      },
      complete(...args) {
        log('complete', this?.name, ...args);
      },
    };
    traced([1, 2, undefined], 'complete').subscribe(observer);
    log('returned');
    traced([1], error).subscribe(observer);
    return Object.keys(observer);
  });
  await ask('functions: this, arguments', (log) => {
    const note = (kind) =>
      function (...values) {
        log(kind, this === undefined, ...values);
      };
    traced([1, 2], 'complete').subscribe(note('next'), note('error'), note('complete'));
    traced([1], error).subscribe(note('next'), note('error'), note('complete'));
  });
  await ask('observers with gaps', (log) => {
    traced([1, 2], 'complete').subscribe({ complete: () => log('complete') });
    traced([1, 2], 'complete').subscribe({ next: (value) => log(value) });
    traced([1, 2], 'complete').subscribe(undefined, undefined, () => log('complete'));
    traced([1], error).subscribe({ error: (reason) => log(reason === error) });
  });
  await ask('an observer whose methods are inherited', (log) => {
    class Observer {
      #seen = [];
      next(value) {
        this.#seen.push(value);
      }
      error(reason) {
        log(reason, this.#seen);
      }
      complete() {
        log('complete', this.#seen);
      }
    }
    traced([1, 2], 'complete').subscribe(new Observer());
    traced([1, 2], error).subscribe(new Observer());
  });
  await ask('an observer that gets its methods late', (log) => {
    const observer = {};
    const subscription = traced([], 'never').subscribe(observer);
    observer.complete = () => log('complete');
    subscription.unsubscribe();
  });
  await ask('what subscribe() answers', () => {
    const plain = make([1], 'never').subscribe({});
    const got = traced([1], 'never').subscribe({});
    const shape = [
      Object.getPrototypeOf(plain) === Object.getPrototypeOf(got),
      got.closed,
      got.unsubscribe(),
      got.closed,
      got.unsubscribe(),
      got.unsubscribe.name,
      got.unsubscribe.length,
    ];
    plain.unsubscribe();
    return shape;
  });
  await ask('unsubscribed', async (log) => {
    const got = traced([1], 'never');
    const subscription = got.subscribe({ next: log, error: log, complete: () => log('complete') });
    subscription.unsubscribe();
    await undefined;
    log('after');
  });
  await ask('two subscribers', (log) => {
    const got = traced([1, 2], 'complete');
    got.subscribe({ next: (value) => log('a', value), complete: () => log('a') });
    got.subscribe({ next: (value) => log('b', value), complete: () => log('b') });
  });
  await ask('an observer that throws', async () => {
    traced([1], 'complete').subscribe({
      next() {
        throw new RangeError('from next');
      },
      error() {},
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await ask('an error that nobody hears', async () => {
    traced([1], new RangeError('unheard')).subscribe({ next() {} });
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await ask('subscribe() that is given nothing', async () => {
    try {
      return typeof traced([1], 'complete').subscribe();
    } catch (thrown) {
      return thrown;
    }
  });
  await ask('Symbol.observable', (log) => {
    const got = traced([1, 2], 'complete');
    const key = Symbol.observable && got[Symbol.observable] ? Symbol.observable : observableKey;
    if (got[key] === undefined) return 'none';
    const other = got[key]();
    other.subscribe({ next: log, complete: () => log('complete') });
    return other === got;
  });
  await ask('subscribe taken from the prototype', (log) => {
    const got = traced([1, 2], 'complete');
    Object.getPrototypeOf(got).subscribe.call(got, { next: log, complete: () => log('complete') });
  });
  await ask('handed out twice', (log) => {
    const inner = make([1], 'complete');
    const twice = trace(() => trace(() => inner)());
    twice().subscribe({ next: log, complete: () => log('complete') });
    twice().subscribe({ next: log, complete: () => log('complete') });
  });
}
