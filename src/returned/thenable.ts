import { activeContext, callInContext } from '../active-context.ts';
import { ABANDONED, RETURNED } from '../outcome.ts';
import { derivePromise, isPlainPromise } from './promise.ts';
import { replaceMethod } from './replace-method.ts';
import type { Observe } from './work.ts';

type Handler = (value: never) => unknown;
type Key = 'then' | 'catch' | 'finally';

/**
 * A promise that is more than one, or a query that runs when it is awaited: it is never driven, so the work is what the
 * first `then` (or `catch` or `finally`, which need not go through it) leads to.
 */
export const observeThenable: Observe = (thenable, work) => {
  work.fate.ifCollected = RETURNED;
  const undos: ((() => void) | undefined)[] = [];
  // Kept alive by the handlers, and with it the thenable: some drop it while the query runs.
  const settled = () => undos.forEach((undo) => undo?.());

  const replace = (key: Key) =>
    replaceMethod(thenable, key, (original, self, args) => {
      work.fate.ifCollected = ABANDONED;
      // What the caller does with the result is not part of the work.
      const caller = activeContext();
      const inCaller = (handler: unknown, ...values: unknown[]) =>
        callInContext(caller, handler as Handler, undefined, values);
      const onReturned = (handler?: unknown) => (value: unknown) => {
        settled();
        work.returned(value);
        return typeof handler === 'function' ? inCaller(handler, value) : value;
      };
      const onThrew = (handler?: unknown) => (error: unknown) => {
        settled();
        work.threw(error);
        if (typeof handler === 'function') return inCaller(handler, error);
        throw error;
      };
      const [first, second, ...rest] = args;
      if (key === 'then') args = [onReturned(first), onThrew(second), ...rest];
      else if (typeof first === 'function') args = [key === 'catch' ? onThrew(first) : () => inCaller(first)];
      let result: unknown;
      try {
        result = callInContext(work.active, original, self, args);
      } catch (error) {
        work.threw(error);
        throw error;
      }
      if (key === 'then' || !isPlainPromise(result)) return result;
      return derivePromise(result, onReturned(), onThrew()) ?? result;
    });
  undos.push(replace('then'));
  if (undos[0] === undefined) return false;
  undos.push(replace('catch'), replace('finally'), makeAwaitCallThen(thenable));
  return true;
};

/** `await` looks past the `then` of a promise whose constructor is `Promise`. */
class AwaitedByThen extends Promise<unknown> {
  static override readonly name = 'Promise';
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }
}

function makeAwaitCallThen(thenable: object): (() => void) | undefined {
  if (thenable.constructor !== Promise) return undefined;
  const isPut = Reflect.defineProperty(thenable, 'constructor', { value: AwaitedByThen, configurable: true });
  return isPut ? () => void Reflect.deleteProperty(thenable, 'constructor') : undefined;
}
