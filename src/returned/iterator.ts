import { callInContext } from '../platform/context.ts';
import { holderOf, type Method, methodOf } from '../platform/data-property.ts';
import { hiddenField } from '../platform/hidden-field.ts';
import { report } from '../platform/report.ts';
import { isLeaving } from './node-stream.ts';
import { derivePromise } from './promise.ts';
import { replaced, replaceMethod } from './replace-method.ts';
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

const STEPS: readonly StepKey[] = ['next', 'throw', 'return'];

/**
 * An iterator, sync or async: the work is the iteration, to its end or to where it is left.
 *
 * It is heard by way of its prototype, which is one and the same for all iterators of a kind: to make its methods anew for
 * each would cost more than the span. Only methods of its own are replaced on itself.
 */
export const observeIterator = (iterator: object, work: Reading): boolean => {
  const own = STEPS.filter((key) => Object.hasOwn(iterator, key));
  // An own `next` on an iterator of an array, a map or a set makes all of them slower in the whole process.
  if (own.length === 0 && works.get(iterator) === undefined) return hearByPrototype(iterator, work);
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
    replaceMethod(iterator, ask, (original, self, args) => hearAnswer(work, original, self, args));
  }
  replace('throw');
  replace('return', leave);
  return true;
};

/** What to tell of steps, by each iterator that is heard by way of its prototype. */
const works = /* @__PURE__ */ hiddenField<Reading>();

function hearByPrototype(iterator: object, work: Reading): boolean {
  const prototype = Object.getPrototypeOf(iterator) as object;
  const shadow = shadowOf(prototype);
  if (!Reflect.setPrototypeOf(iterator, shadow)) return false;
  if (Reflect.get(iterator, 'next') !== Reflect.get(shadow, 'next')) {
    // A proxy that answers for itself.
    Reflect.setPrototypeOf(iterator, prototype);
    return false;
  }
  works.set(iterator, work);
  return true;
}

/** The shadow of each prototype. */
const shadows = new WeakMap<object, object>();

/** A prototype that inherits from another one, and tells of the steps of the iterators that have it. */
function shadowOf(prototype: object): object {
  const known = shadows.get(prototype);
  if (known !== undefined) return known;
  const shadow = Object.create(prototype) as object;
  const define = (
    key: PropertyKey,
    missing: Method | undefined,
    hear: (work: Reading, original: Method, self: object, args: unknown[]) => unknown,
  ) => {
    const first = methodOf(prototype, key) ?? (key in prototype ? undefined : missing);
    if (first === undefined) return;
    const value = replaced(first, function (this: unknown, ...args: unknown[]): unknown {
      const original = (Reflect.get(prototype, key, this) ?? first) as Method;
      const work = workOf(this, shadow);
      return work === undefined
        ? Reflect.apply(original, this, args as never[])
        : hear(work, original, this as object, args);
    });
    const holder = holderOf(prototype, key);
    const enumerable = holder !== undefined && Object.prototype.propertyIsEnumerable.call(holder, key);
    Object.defineProperty(shadow, key, { value, enumerable, writable: true, configurable: true });
  };
  for (const key of STEPS)
    define(key, key === 'return' ? leave : undefined, (work, original, self, args) =>
      takeStep(work, key, original, self, args),
    );
  for (const ask of ITERATOR_KEYS)
    if (!answersItself(methodOf(prototype, ask))) define(ask, undefined, hearAnswer);
  shadows.set(prototype, shadow);
  return shadow;
}

/** Of the iterator that a method is called on, or one that this inherits from. */
function workOf(self: unknown, until: object): Reading | undefined {
  if (typeof self !== 'object') return undefined;
  let holder = self;
  for (; holder !== null && holder !== until; holder = Object.getPrototypeOf(holder) as object | null) {
    const work = works.get(holder);
    if (work !== undefined) return work;
  }
  return undefined;
}

/** A loop that is left calls `return`: without one there would be nothing to hear. */
function leave(this: object, ...[value]: unknown[]): unknown {
  const step = { done: true, value };
  return Symbol.asyncIterator in this ? Promise.resolve(step) : step;
}

/** What it answers in place of itself takes the steps. */
function hearAnswer(work: Reading, original: Method, self: object, args: unknown[]): unknown {
  const answer: unknown = Reflect.apply(original, self, args as never[]);
  if (answer !== self && typeof answer === 'object' && answer !== null) observeIterator(answer, work);
  return answer;
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
