import { activeContext, callInContext } from '../platform/context.ts';
import { before, replaceMethod } from './replace-method.ts';
import type { Observe } from './covered-work.ts';

type Callback = (...values: unknown[]) => unknown;

interface Observer {
  readonly next?: Callback;
  readonly error?: Callback;
  readonly complete?: Callback;
}

/** What a subscriber is told by way of: the terminal events are told to the work first. */
interface Telling {
  readonly completed: () => void;
  readonly failed: (error: unknown) => void;
  /** Calls a handler in the context of who subscribed: what the caller does with the values is not part of the work. */
  readonly inCaller: (handler: Callback, self: unknown, values: unknown[]) => unknown;
}

/** An observable: the work is what the first terminal event ends, or the unsubscribing of the last subscriber. */
export const observeObservable: Observe = (observable, work) => {
  let subscribers = 0;
  return replaceMethod(observable, 'subscribe', (original, self, args) => {
    // It goes on without the span, as a cached one does with a subscriber in another request.
    if (work.hasEnded()) return Reflect.apply(original, self, args as never[]);
    const caller = activeContext();
    const inCaller: Telling['inCaller'] = (handler, receiver, values) =>
      callInContext(caller, handler, receiver, values);
    let isOver = false;
    const end = (report: () => void) => {
      if (isOver) return;
      isOver = true;
      subscribers--;
      report();
    };
    // `self`: whoever holds the observer holds the observable, so that it is not collected before its last event.
    const completed = () => end(() => work.returned(self));
    const failed = (error: unknown) => end(() => work.threw(error));
    const unsubscribed = () => end(() => subscribers === 0 && work.left());
    subscribers++;
    let subscription: unknown;
    try {
      subscription = callInContext(
        work.active,
        original,
        self,
        observed(args, { completed, failed, inCaller }),
      );
    } catch (error) {
      failed(error);
      throw error;
    }
    if (typeof subscription === 'object' && subscription !== null) {
      if ((subscription as { closed?: unknown }).closed === true) unsubscribed();
      else replaceMethod(subscription, 'unsubscribe', before(unsubscribed));
    }
    return subscription;
  });
};

/** RxJS, and others after it, put `@@observable` where there is no `Symbol.observable`. */
export function isObservable(value: object): boolean {
  const { observable } = Symbol as { observable?: symbol };
  return '@@observable' in value || (observable !== undefined && observable in value);
}

/** The arguments of `subscribe`, so that they tell of the terminal events. */
function observed([observer, error, complete]: unknown[], telling: Telling): unknown[] {
  if (typeof observer === 'object' && observer !== null && isSubscriber(observer)) {
    // An operator's own: it is closed, and looked at, as this very object.
    tell(observer, 'next', telling);
    tell(observer, 'error', telling, telling.failed);
    tell(observer, 'complete', telling, telling.completed);
    return [observer];
  }
  const handlers = typeof observer === 'object' ? observer : { next: observer, error, complete };
  const target = (handlers ?? {}) as Observer;
  const { completed, failed, inCaller } = telling;
  return [
    {
      next: (value: unknown) => target.next && inCaller(target.next, target, [value]),
      error: (reason: unknown) => {
        failed(reason);
        // Nobody handles it: thrown from here, it is reported as it would have been.
        if (typeof target.error !== 'function') throw reason;
        inCaller(target.error, target, [reason]);
      },
      complete: () => {
        completed();
        if (target.complete) inCaller(target.complete, target, []);
      },
    },
  ];
}

function tell(observer: object, key: string, { inCaller }: Telling, first?: (value: unknown) => void): void {
  replaceMethod(observer, key, (original, self, args) => {
    first?.(args[0]);
    return inCaller(original as Callback, self, args);
  });
}

function isSubscriber(observer: object): boolean {
  return 'unsubscribe' in observer && 'add' in observer;
}
