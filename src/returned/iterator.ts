import { activeContext, callInContext } from '../platform/context.ts';
import { holderOf, type Method, methodOf, ownDataProperty } from '../platform/data-property.ts';
import { define } from '../platform/define-property.ts';
import { hiddenField } from '../platform/hidden-field.ts';
import { isObject } from '../platform/is-object.ts';
import { report } from '../platform/report.ts';
import { saysReaderLeft } from './node-stream.ts';
import { hearPromise, isPlainPromise } from './promise.ts';
import { replaced, type Replacement, replaceMethod, telling } from './replace-method.ts';
import { isRunning, observeRunningPromise } from './running-promise.ts';
import type { Reading } from './covered-work.ts';

const ITERATOR_KEYS = [Symbol.asyncIterator, Symbol.iterator] as const;

type StepKey = 'next' | 'return' | 'throw';

const STEPS: readonly StepKey[] = ['next', 'throw', 'return'];

/**
 * Whether `value` is an iterator: it has `next`, and answers itself when it is asked for one. What answers another object
 * is something else that can be iterated: a selection of jQuery's, a list, a store. It is not asked, which could start
 * something, but its code is read.
 */
export function isIterator(value: object): boolean {
  const next = methodOf(value, 'next');
  if (next === undefined) return false;
  const isOwn = STEPS.every((key) => Object.hasOwn(value, key));
  return ITERATOR_KEYS.some((key) => {
    const ask = methodOf(value, key);
    return answersItself(ask) || (isOwn && answersOne(ask)) || (isNative(next) && isNameless(ask));
  });
}

/** @returns whether the source of a method is like this, read once for each method */
/* @__NO_SIDE_EFFECTS__ */
function bySource(pattern: RegExp): (method: Method | undefined) => boolean {
  const known = new WeakMap<Method, boolean>();
  return (method) => {
    if (method === undefined) return false;
    let is = known.get(method);
    if (is === undefined) known.set(method, (is = pattern.test(Function.prototype.toString.call(method))));
    return is;
  };
}

/** Whether a `next` is the engine's own: it then refuses to be called on anything but its own kind, a proxy included. */
const isNative = bySource(/^function next\(\)\s*\{\s*\[native/);

/** The language's own, of every realm, have the symbol for their name. */
const answersItself = bySource(/\breturn this;?\s*\}$|^function \[Symbol\.\w+\]\(\)\s*\{\s*\[native/);

/** What esbuild gives an async generator that it makes of older language, beside methods that are its own: `() => it`. */
const answersOne = bySource(/^\(\)\s*=>\s*[\w$]+$/);

/** What a class in C++ has, beside a native `next`, unless it names it: better-sqlite3's. */
const isNameless = bySource(/^function \(\)\s*\{\s*\[native/);

/**
 * An iterator, sync or async: the work is the iteration, to its end or to where it is left.
 *
 * One of the language's own, such as a generator, is heard by way of its prototype, which is the same for all of a kind: to make
 * methods for each would cost more than the span. Not one of any other class: those can be called through a proxy, be given
 * another prototype, or have theirs patched.
 */
export const observeIterator = (iterator: object, work: Reading): boolean => {
  const isUntouched = works.get(iterator) === undefined && !STEPS.some((key) => Object.hasOwn(iterator, key));
  if (isUntouched && isNative(methodOf(iterator, 'next'))) return hearByPrototype(iterator, work);
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
  replace('return', missingReturn(iterator));
  return true;
};

/** What to tell of steps, by each iterator that is heard by way of its prototype; and of which steps, by each that is heard. */
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
  const hearKey = (
    key: PropertyKey,
    missing: Method | undefined,
    hear: (work: Reading, original: Method, self: object, args: unknown[]) => unknown,
  ) => {
    const first = methodOf(prototype, key) ?? (key in prototype ? undefined : missing);
    if (first === undefined) return;
    const value = replaced(first, function (this: unknown, ...args: unknown[]): unknown {
      const now = Reflect.get(prototype, key, this) as Method | undefined;
      // Somebody may have put this very function there.
      const original = now === undefined || now === value ? first : now;
      const work = isObject(this) ? works.get(this) : undefined;
      return work === undefined
        ? Reflect.apply(original, this, args as never[])
        : hear(work, original, this as object, args);
    });
    define(shadow, key, { value, enumerable: false, writable: true, configurable: true });
  };
  for (const key of STEPS)
    hearKey(key, key === 'return' ? missingReturn(prototype) : undefined, (work, original, self, args) =>
      takeStep(work, key, original, self, args),
    );
  for (const ask of ITERATOR_KEYS)
    if (!answersItself(methodOf(prototype, ask))) hearKey(ask, undefined, hearAnswer);
  shadows.set(prototype, shadow);
  return shadow;
}

/** A loop that is left calls `return`: without one there would be nothing to hear. Others may call it on nothing. */
function missingReturn(iterator: object): Method {
  return (...[value]: unknown[]) => {
    const step = { done: true, value };
    return Symbol.asyncIterator in iterator ? Promise.resolve(step) : step;
  };
}

/** What it answers in place of itself takes the steps. */
function hearAnswer(work: Reading, original: Method, self: object, args: unknown[]): unknown {
  const answer: unknown = Reflect.apply(original, self, args as never[]);
  if (answer !== self && isObject(answer)) observeIterator(answer, work);
  return answer;
}

function takeStep(work: Reading, key: StepKey, original: Method, self: object, args: unknown[]): unknown {
  if (work.hasEnded()) return Reflect.apply(original, self, args as never[]);
  const threw = (error: unknown) => {
    // `Readable.from` throws in why its reader has left.
    if (key === 'throw' && error === args[0] && saysReaderLeft(error)) work.left();
    else work.threw(error);
  };
  const call: Replacement = (method, on, values) => {
    try {
      return callInContext(work.active, method, on, values);
    } catch (error) {
      threw(error);
      throw error;
    }
  };
  const readDone = (done: unknown) => {
    // One that is left need not say that it is done; a generator that goes on yielding says that it is not.
    if (key === 'return' ? done !== false : done) work.returned(self);
  };
  /** Learns from a step whether it is the last. @returns the step, or the promise that stands for it */
  const hear = (step: unknown): unknown => {
    if (!isObject(step)) return step;
    try {
      const heard =
        'then' in step ? hearThen(step, hear, threw, call, work) : hearDone(step, readDone, work) && step;
      if (heard) return heard;
      // Nobody would tell the end of what cannot be heard: the iteration is a value, as one that is frozen itself.
      work.returned(self);
    } catch (error) {
      report('reading an iterator result threw', error);
    }
    return step;
  };
  return hear(call(original, self, args));
}

/** A `done` that is a getter is not run here, but heard when the loop reads it. @returns `false` if the step refuses that */
function hearDone(step: object, read: (done: unknown) => void, work: Reading): boolean {
  const holder = holderOf(step, 'done');
  const property = holder && Object.getOwnPropertyDescriptor(holder, 'done');
  const get = property && (ownDataProperty(property, 'get') as Method | undefined);
  if (get === undefined) {
    read(property?.value);
    return true;
  }
  // The same step once more, and nobody has read it in between.
  if (works.get(get) === work) return true;
  const heard = {
    ...property,
    configurable: true,
    get(this: unknown): unknown {
      // The next step may be the same object.
      if (holder === step) Reflect.defineProperty(step, 'done', property!);
      else Reflect.deleteProperty(step, 'done');
      const done: unknown = Reflect.apply(get, this, []);
      read(done);
      return done;
    },
  };
  works.set(heard.get, work);
  return Reflect.defineProperty(step, 'done', heard);
}

/** A step that is not there yet. One that is lazy is not asked for here, but heard when the loop awaits it. */
function hearThen(
  step: object,
  returned: (value: unknown) => void,
  threw: (error: unknown) => void,
  call: Replacement,
  work: Reading,
): object | undefined {
  const derived = isPlainPromise(step) && hearPromise(step, returned, threw);
  if (derived) return derived;
  const isHeard =
    works.get(step) === work ||
    (isRunning(step) && observeRunningPromise(step, { returned, threw, foundRunning() {} })) ||
    replaceMethod(step, 'then', (then, self, handlers) => {
      const caller = activeContext();
      const hear = (handler: unknown, index: number) =>
        typeof handler === 'function'
          ? telling(handler as Method, [returned, threw][index] ?? (() => {}), caller)
          : handler;
      return call(then, self, handlers.map(hear));
    });
  if (!isHeard) return undefined;
  works.set(step, work);
  return step;
}
