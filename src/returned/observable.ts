import { activeContext, callInContext } from '../platform/context.ts';
import { type Method, methodOf } from '../platform/data-property.ts';
import { define } from '../platform/define-property.ts';
import { isObject } from '../platform/is-object.ts';
import type { Observe } from './covered-work.ts';
import { throwOn } from './promise.ts';
import { tellBefore, replaced, replaceMethod } from './replace-method.ts';

const HANDLERS = ['next', 'error', 'complete'] as const;
type Handler = (typeof HANDLERS)[number];

/** What a subscriber is told is told to the work first. */
type Tell = (handler: Handler, value: unknown) => void;

/** An observable: the work is what the first terminal event ends, or the unsubscribing of the last subscriber. */
export const observeObservable: Observe = (observable, work) => {
  let subscribers = 0;
  return replaceMethod(observable, 'subscribe', (original, self, args) => {
    // It goes on without the span, as a cached one does with a subscriber in another request.
    if (work.hasEnded()) return Reflect.apply(original, self, args as never[]);
    const caller = activeContext();
    let isOver = false;
    /** How many handlers of the subscriber's `next` are under way. */
    let inNext = 0;
    let hasHeard = false;
    const end = (tellEnd: () => void) => {
      if (isOver) return;
      isOver = true;
      subscribers--;
      tellEnd();
    };
    const tell: Tell = (handler, value) => {
      if (handler === 'complete') end(() => work.returned(observable));
      if (handler === 'error') end(() => work.threw(value));
    };
    // What the caller does with the values is not part of the work.
    const inCaller = (handler: Handler, call: Method, receiver: unknown, values: unknown[]) => {
      tell(handler, values[0]);
      // After any but `next` all is over, and nobody asks for these.
      inNext++;
      hasHeard = true;
      try {
        return callInContext(caller, call, receiver, values);
      } finally {
        inNext--;
      }
    };
    // Who leaves on hearing a value has had what it wanted, as a loop that is left by `break`.
    const unsubscribed = (isEnough = inNext > 0) =>
      end(() => subscribers === 0 && (isEnough ? work.returned(observable) : work.left()));
    const [observer] = args;
    const hearUnsubscribe = (of: object) =>
      replaceMethod(
        of,
        'unsubscribe',
        tellBefore(() => unsubscribed()),
      );
    if (isSubscriber(observer)) hearUnsubscribe(observer);
    subscribers++;
    let subscription: unknown;
    try {
      // RxJS, zen-observable and xstate report an error that nobody handles; others say nothing of it.
      const isReported = 'forEach' in self || 'getSnapshot' in self;
      subscription = callInContext(work.active, original, self, observed(args, inCaller, isReported));
    } catch (error) {
      tell('error', error);
      throw error;
    }
    if (!isObject(subscription) || !methodOf(subscription, 'unsubscribe')) work.foundValue();
    else if ((subscription as { closed?: unknown }).closed === true) unsubscribed(hasHeard);
    else if (subscription !== observer) hearUnsubscribe(subscription);
    return subscription;
  });
};

/** By what other methods xstream's and most's are consumed: those that are would not be heard. */
const OTHER_WAYS = ['addListener', 'observe', 'drain'];

/** Whether its `subscribe` is an observable's: stores have one, too, and say that their observable is another object. */
export function isObservable(value: object): boolean {
  if (OTHER_WAYS.some((key) => key in value)) return false;
  const { observable = '@@observable' } = Symbol as { observable?: symbol };
  // RxJS, and others after it, put it under the string where there was no symbol when they were loaded.
  return [observable, '@@observable'].some((key) => {
    const ask = methodOf(value, key);
    return ask !== undefined && Reflect.apply(ask, value, []) === value;
  });
}

type InCaller = (handler: Handler, call: Method, receiver: unknown, values: unknown[]) => unknown;

/** The arguments of `subscribe`, so that they tell of what happens. */
function observed(given: unknown[], inCaller: InCaller, isReported: boolean): unknown[] {
  const [observer, ...others] = given;
  if (isSubscriber(observer)) {
    // An operator's own: it is closed, and looked at, as this very object.
    for (const handler of HANDLERS)
      replaceMethod(observer, handler, (original, self, args) => inCaller(handler, original, self, args));
    return given;
  }
  const telling = (handler: Handler, handle: () => unknown, receiverOf = (self: unknown) => self) => {
    const call = handle();
    if (typeof call !== 'function' && handler === 'error' && !isReported) return call;
    return replaced(
      typeof call === 'function' ? (call as Method) : () => {},
      function (this: unknown, ...values: unknown[]) {
        const now = handle();
        if (typeof now === 'function') return inCaller(handler, now as Method, receiverOf(this), values);
        // Nobody handles an error: thrown from here, it is reported as it would have been.
        return inCaller(handler, handler === 'error' ? throwOn : () => {}, undefined, values);
      },
    );
  };
  if (!isObject(observer)) {
    // Who is given nothing may refuse it.
    if (typeof observer !== 'function' && !isReported) return given;
    const [error, complete, ...rest] = others;
    return [
      telling('next', () => observer),
      telling('error', () => error),
      telling('complete', () => complete),
      ...rest,
    ];
  }
  const caller = activeContext();
  // What it has besides, it goes on having; what it learns later, too.
  const told = Object.create(observer) as object;
  // RxJS 6 calls on an object that inherits from it, with an `unsubscribe` that observers use.
  const receiverOf = (self: unknown) => {
    if (self === undefined || self === told) return observer;
    if (Object.getPrototypeOf(Object(self)) === told) Object.setPrototypeOf(self, observer);
    return self;
  };
  for (const handler of HANDLERS) {
    const value = telling(handler, () => (observer as Record<string, unknown>)[handler], receiverOf);
    define(told, handler, { value });
  }
  // By the proposal it is called before all others, with the subscription, which is no event.
  define(told, 'start', {
    get() {
      const { start } = observer as { start?: Method };
      return start && ((...subscription: unknown[]) => callInContext(caller, start, observer, subscription));
    },
  });
  return [told, ...others];
}

function isSubscriber(observer: unknown): observer is object {
  return isObject(observer) && 'unsubscribe' in observer && 'add' in observer;
}
