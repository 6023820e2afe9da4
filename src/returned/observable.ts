import { callInContext } from '../active-context.ts';
import { before, replaceMethod } from './replace-method.ts';
import type { Observe } from './work.ts';

type Callback = (...values: unknown[]) => unknown;

interface Observer {
  readonly next?: Callback;
  readonly error?: Callback;
  readonly complete?: Callback;
}

interface Ends {
  readonly completed: () => void;
  readonly failed: (error: unknown) => void;
}

/** An observable: the work is what the first terminal event ends, or the unsubscribing of the last subscriber. */
export const observeObservable: Observe = (observable, work) => {
  let subscribers = 0;
  return replaceMethod(observable, 'subscribe', (original, self, args) => {
    let isOver = false;
    const end = (tell: () => void) => {
      if (isOver) return;
      isOver = true;
      subscribers--;
      tell();
    };
    // `self`: whoever holds the observer holds the observable, so that it is not collected before its last event.
    const completed = () => end(() => work.returned(self));
    const failed = (error: unknown) => end(() => work.threw(error));
    const unsubscribed = () => end(() => subscribers === 0 && work.left());
    subscribers++;
    let subscription: unknown;
    try {
      subscription = callInContext(work.active, original, self, observed(args, { completed, failed }));
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
function observed([observer, error, complete]: unknown[], { completed, failed }: Ends): unknown[] {
  const onError = (handler: Callback | undefined) => (reason: unknown) => {
    failed(reason);
    // Nobody handles it: thrown from here, it is reported as it would have been.
    if (typeof handler !== 'function') throw reason;
    handler(reason);
  };
  const onComplete = (handler: Callback | undefined) => () => {
    completed();
    handler?.();
  };
  if (typeof observer !== 'object' || observer === null)
    return [observer, onError(error as Callback), onComplete(complete as Callback)];
  if (isSubscriber(observer)) {
    // An operator's own: it is closed, and looked at, as this very object.
    replaceMethod(observer, 'error', before(failed));
    replaceMethod(observer, 'complete', before(completed));
    return [observer];
  }
  const target = observer as Observer;
  return [
    {
      next: (value: unknown) => target.next?.(value),
      error: onError(target.error && ((reason) => target.error?.(reason))),
      complete: onComplete(() => target.complete?.()),
    },
  ];
}

function isSubscriber(observer: object): boolean {
  return 'unsubscribe' in observer && 'add' in observer;
}
