import { activeContext, callInContext } from '../platform/context.ts';
import { derivePromise, isPlainPromise } from './promise.ts';
import { replaceMethod } from './replace-method.ts';
import type { Observe } from './covered-work.ts';

type Handler = (value: never) => unknown;
/** What queries and clients call the methods besides `then` that lead to the result: Mongoose, Drizzle, openai. */
const ALSO_LEAD = ['exec', 'execute', 'asResponse', 'withResponse'];

/**
 * A promise that is more than one, or a query that runs when it is awaited: it is never driven, so the work is what the
 * first `then` leads to, or another method that runs it and need not go through `then`.
 */
export const observeThenable: Observe = (thenable, work) => {
  work.isLazy();
  const undos: ((() => void) | undefined)[] = [];
  // Kept alive by the handlers, and with it the thenable: some drop it while the query runs.
  const settled = () => undos.forEach((undo) => undo?.());

  const replace = (key: PropertyKey) =>
    replaceMethod(thenable, key, (original, self, args) => {
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
      else if (key === 'catch' && typeof first === 'function') args = [onThrew(first)];
      else if (key === 'finally' && typeof first === 'function') args = [() => inCaller(first)];
      let result: unknown;
      try {
        result = callInContext(work.active, original, self, args);
      } catch (error) {
        if (key === 'then') work.threw(error);
        throw error;
      }
      const isRunning = key === 'then' || isPlainPromise(result);
      if (isRunning) work.isRunning();
      if (key === 'then' || !isRunning) return result;
      return derivePromise(result as Promise<unknown>, onReturned(), onThrew()) ?? result;
    });
  undos.push(replace('then'));
  if (undos[0] === undefined) return false;
  undos.push(replace('catch'), replace('finally'), makeAwaitCallThen(thenable));
  for (const key of ALSO_LEAD) undos.push(replace(key));
  return true;
};

/** `await` looks past the `then` of a promise whose constructor is `Promise`. */
class AwaitedByThen extends Promise<unknown> {
  // A getter: compilers that lower fields make an assignment of one, and a function's name refuses that.
  static override get name(): string {
    return 'Promise';
  }
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }
}

function makeAwaitCallThen(thenable: object): (() => void) | undefined {
  if (thenable.constructor !== Promise) return undefined;
  const isPut = Reflect.defineProperty(thenable, 'constructor', { value: AwaitedByThen, configurable: true });
  return isPut ? () => void Reflect.deleteProperty(thenable, 'constructor') : undefined;
}
