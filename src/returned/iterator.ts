import { callInContext } from '../platform/context.ts';
import { attempt } from '../platform/report.ts';
import { isLeaving } from './node-stream.ts';
import { derivePromise } from './promise.ts';
import { replaceMethod } from './replace-method.ts';
import type { Observe } from './covered-work.ts';

interface Askable {
  readonly [Symbol.asyncIterator]?: unknown;
  readonly [Symbol.iterator]?: unknown;
}

/**
 * The two by which the language's own iterators answer that they are iterators: themselves. Where async generators are
 * lowered by a compiler, the second cannot be reached; the iterators it makes are then asked when the caller asks them.
 */
const ANSWER_THEMSELVES: readonly unknown[] = [
  (prototypeOf(prototypeOf([][Symbol.iterator]())) as Askable | undefined)?.[Symbol.iterator],
  (prototypeOf(prototypeOf(async function* () {}.prototype)) as Askable | undefined)?.[Symbol.asyncIterator],
];

function prototypeOf(value: unknown): unknown {
  return value == null ? undefined : Object.getPrototypeOf(value);
}

/**
 * An iterator, sync or async: the work is the iteration, to its end or to where it is left.
 *
 * What has a `next` and can be asked for an iterator need not be one: MongoDB's cursors answer another object, and their
 * `next` gives documents. That shows when the caller uses it; asking first could start something.
 */
export const observeIterator: Observe = (iterator, work) => {
  const replace = (key: 'next' | 'return' | 'throw', missing?: (...args: unknown[]) => unknown) =>
    replaceMethod(
      iterator,
      key,
      (original, self, args) => {
        if (work.hasEnded()) return Reflect.apply(original, self, args as never[]);
        const onStep = (step: unknown) => {
          attempt('reading an iterator result', () => {
            const { done } = Object(step) as { done?: unknown };
            // One that is left need not say so; a generator that goes on yielding says that.
            if (key === 'return' ? done !== false : Boolean(done)) work.returned(self);
            else if (done === undefined && !('done' in Object(step))) work.isValue();
          });
          return step;
        };
        const onThrew = (error: unknown): never => {
          // `Readable.from` throws in why its reader has left.
          if (key === 'throw' && error === args[0] && isLeaving(error)) work.left();
          else work.threw(error);
          throw error;
        };
        let step: unknown;
        try {
          step = callInContext(work.active, original, self, args);
        } catch (error) {
          return onThrew(error);
        }
        // A promise of another realm, or a subclass's, is a promise all the same.
        return (hasThen(step) && derivePromise(step, onStep, onThrew)) || onStep(step);
      },
      missing,
    );
  if (replace('next') === undefined) return false;
  for (const ask of [Symbol.asyncIterator, Symbol.iterator] as const) {
    if (ANSWER_THEMSELVES.includes((iterator as Askable)[ask])) continue;
    replaceMethod(iterator, ask, (original, self, args) => {
      const answer: unknown = Reflect.apply(original, self, args as never[]);
      if (answer !== self) work.isValue();
      return answer;
    });
  }
  replace('throw');
  // A loop that is left calls `return`: without one there would be nothing to hear.
  replace('return', (...[value]: unknown[]) => {
    const step = { done: true, value };
    return Symbol.asyncIterator in iterator ? Promise.resolve(step) : step;
  });
  return true;
};

export function isIterator(value: object): boolean {
  const { [Symbol.asyncIterator]: askAsync, [Symbol.iterator]: ask = askAsync } = value as Askable;
  return typeof ask === 'function';
}

function hasThen(step: unknown): step is Promise<unknown> {
  return (
    attempt('reading an iterator result', () => typeof (step as { then?: unknown } | null)?.then) ===
    'function'
  );
}
