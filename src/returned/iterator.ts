import { callInContext } from '../platform/context.ts';
import { holderOf, type Method, methodOf } from '../platform/data-property.ts';
import { report } from '../platform/report.ts';
import { isLeaving } from './node-stream.ts';
import { derivePromise } from './promise.ts';
import { replaceMethod } from './replace-method.ts';
import type { Reading } from './covered-work.ts';

const ITERATOR_KEYS = [Symbol.asyncIterator, Symbol.iterator] as const;

/**
 * Whether `value` is an iterator: it has `next`, and answers itself when it is asked for one. What answers another object
 * is something else that can be iterated: a selection of jQuery's, a list, a store. It is not asked, which could start
 * something, but its code is read.
 */
export function isIterator(value: object): boolean {
  return (
    methodOf(value, 'next') !== undefined && ITERATOR_KEYS.some((key) => answersItself(methodOf(value, key)))
  );
}

function sourceOf(fn: Method | undefined): string {
  return fn === undefined ? '' : Function.prototype.toString.call(fn);
}

const answers = new WeakMap<Method, boolean>();

function answersItself(ask: Method | undefined): boolean {
  if (ask === undefined) return false;
  let answer = answers.get(ask);
  if (answer === undefined) {
    const source = sourceOf(ask);
    // The language's own, of every realm, have the symbol for their name.
    answer = /\breturn this;?\s*\}$|^function \[Symbol\.\w+\]\(\)\s*\{\s*\[native/.test(source);
    answers.set(ask, answer);
  }
  return answer;
}

type StepKey = 'next' | 'return' | 'throw';

/** An iterator, sync or async: the work is the iteration, to its end or to where it is left. */
export const observeIterator = (iterator: object, work: Reading): boolean => {
  const replace = (key: StepKey, missing?: Method) =>
    replaceMethod(
      iterator,
      key,
      (original, self, args) => takeStep(work, key, original, self, args),
      missing,
    );
  if (replace('next') === undefined) return false;
  for (const ask of ITERATOR_KEYS) {
    if (answersItself(methodOf(iterator, ask))) continue;
    replaceMethod(iterator, ask, (original, self, args) => {
      const answer: unknown = Reflect.apply(original, self, args as never[]);
      if (answer !== self && typeof answer === 'object' && answer !== null) observeIterator(answer, work);
      return answer;
    });
  }
  replace('throw');
  replace('return', leave);
  return true;
};

/** A loop that is left calls `return`: without one there would be nothing to hear. */
function leave(this: object, ...[value]: unknown[]): unknown {
  const step = { done: true, value };
  return Symbol.asyncIterator in this ? Promise.resolve(step) : step;
}

function takeStep(work: Reading, key: StepKey, original: Method, self: object, args: unknown[]): unknown {
  if (work.hasEnded()) return Reflect.apply(original, self, args as never[]);
  const threw = (error: unknown): never => {
    // `Readable.from` throws in why its reader has left.
    if (key === 'throw' && error === args[0] && isLeaving(error)) work.left();
    else work.threw(error);
    throw error;
  };
  let step: unknown;
  try {
    step = callInContext(work.active, original, self, args);
  } catch (error) {
    return threw(error);
  }
  // A promise of another realm, or a subclass's, is a promise all the same.
  if (hasThen(step)) {
    const stepped = (value: unknown) => {
      readStep(value, key, self, work);
      return value;
    };
    const derived = derivePromise(step, stepped, threw);
    if (derived !== undefined) return derived;
  }
  readStep(step, key, self, work);
  return step;
}

/** Learns from a step whether it is the last. What would be computed for that is read when the loop reads it. */
function readStep(step: unknown, key: StepKey, iterator: object, work: Reading): void {
  if (typeof step !== 'object' || step === null) return;
  try {
    const holder = holderOf(step, 'done');
    const property = holder && Object.getOwnPropertyDescriptor(holder, 'done');
    if (property?.get === undefined) return readDone(property?.value, key, iterator, work);
    const { get } = property;
    Reflect.defineProperty(step, 'done', {
      ...property,
      get(this: unknown) {
        const done: unknown = Reflect.apply(get, this, []);
        readDone(done, key, iterator, work);
        return done;
      },
    });
  } catch (error) {
    report('reading an iterator result threw', error);
  }
}

function readDone(done: unknown, key: StepKey, iterator: object, work: Reading): void {
  // One that is left need not say that it is done; a generator that goes on yielding says that it is not.
  if (key === 'return' ? done !== false : Boolean(done)) work.returned(iterator);
}

function hasThen(step: unknown): step is Promise<unknown> {
  try {
    return typeof step === 'object' && step !== null && methodOf(step, 'then') !== undefined;
  } catch (error) {
    report('reading an iterator result threw', error);
    return false;
  }
}
