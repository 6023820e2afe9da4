import { callInContext } from '../active-context.ts';
import { attempt } from '../report.ts';
import { derivePromise, isPlainPromise } from './promise.ts';
import { replaceMethod } from './replace-method.ts';
import type { Observe } from './work.ts';

interface Askable {
  readonly [Symbol.asyncIterator]?: unknown;
  readonly [Symbol.iterator]?: unknown;
}

type Step = IteratorResult<unknown> | undefined;

/** An iterator, sync or async: the work is the iteration, to its end or to where it is left. */
export const observeIterator: Observe = (iterator, work) => {
  const replace = (key: 'next' | 'return' | 'throw', missing?: (...args: unknown[]) => unknown) =>
    replaceMethod(
      iterator,
      key,
      (original, self, args) => {
        const onStep = (step: unknown) => {
          const isLast = attempt('reading an iterator result', () => {
            const done: unknown = (step as Step)?.done;
            // One that is left need not say so; a generator that goes on yielding says that.
            return key === 'return' ? done !== false : Boolean(done);
          });
          if (isLast) work.returned(self);
          return step;
        };
        const onThrew = (error: unknown): never => {
          work.threw(error);
          throw error;
        };
        let step: unknown;
        try {
          step = callInContext(work.active, original, self, args);
        } catch (error) {
          return onThrew(error);
        }
        return (isPlainPromise(step) && derivePromise(step, onStep, onThrew)) || onStep(step);
      },
      missing,
    );
  if (replace('next') === undefined) return false;
  replace('throw');
  // A loop that is left calls `return`: without one there would be nothing to hear.
  replace('return', (...[value]: unknown[]) => {
    const step = { done: true, value };
    return Symbol.asyncIterator in iterator ? Promise.resolve(step) : step;
  });
  return true;
};

/**
 * Whether what can be asked for an iterator answers itself. Else it is a value, though it may have a `next`, as MongoDB's
 * cursors do. Asking an iterator for itself starts nothing.
 */
export function isIterator(value: object): boolean {
  const { [Symbol.asyncIterator]: askAsync, [Symbol.iterator]: ask = askAsync } = value as Askable;
  return typeof ask === 'function' && Reflect.apply(ask, value, []) === value;
}
