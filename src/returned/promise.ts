import { ownDataProperty } from '../platform/data-property.ts';
import { isObject } from '../platform/is-object.ts';

/** The one that async functions return, whatever the global `Promise` is by now. */
const INTRINSIC: object = Object.getPrototypeOf((async () => {})());

/** Whether `value` is a promise made by the language itself, in any realm: not of a subclass, and no mere thenable. */
export function isNativePromise(value: unknown): value is Promise<unknown> {
  try {
    if (!isObject(value)) return false;
    const prototype: unknown = Object.getPrototypeOf(value);
    // The class of zone.js gives itself out as native.
    return prototype === INTRINSIC || (isIntrinsic(prototype as object) && !isZoneOrBluebird(value));
  } catch {
    // A proxy that refuses the look.
    return false;
  }
}

/** Whether `prototype` is the one of a realm's own promises: a test of Jest has another realm than Node itself. */
export function isIntrinsic(prototype: object | null): boolean {
  if (prototype === INTRINSIC) return true;
  // Few have a `then` of their own, so few are looked at closely.
  if (prototype === null || !Object.hasOwn(prototype, 'then')) return false;
  const constructor: unknown = ownDataProperty(prototype, 'constructor');
  return (
    typeof constructor === 'function' &&
    /^function Promise\(\)\s*{\s*\[native/.test(Function.prototype.toString.call(constructor))
  );
}

const ASYNC_FUNCTION: object = Object.getPrototypeOf(async () => {});

/**
 * Whether `fn` is an async function, and not one that passes for it: nobody can have put anything on what it returns. By
 * its source as well, which no wrapper and no proxy has.
 */
export function isAsyncFunction(fn: object): boolean {
  const isOne = Object.getPrototypeOf(fn) === ASYNC_FUNCTION && ASYNC_FUNCTION !== Function.prototype;
  return isOne && Function.prototype.toString.call(fn).startsWith('async');
}

/**
 * Whether a derived promise can stand for `value`. Not for one that was given members of its own, as by ky: they would be
 * lost.
 */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  if (!isNativePromise(value)) return false;
  try {
    const keys = Reflect.ownKeys(value);
    if (keys.length === 0) return true;
    // Some engines keep the state of a promise on it; context managers before Node 24 keep theirs on each that is made.
    const fresh = (async () => {})();
    return keys.every((key) => Object.hasOwn(fresh, key));
  } catch {
    return false;
  }
}

/** zone.js puts its own in place, which makes promises of another class, and keeps what was there. */
function unpatchedThen(prototype: object): Promise<unknown>['then'] {
  const { then, __zone_symbol__then: unpatched = then } = prototype as Promise<unknown> & {
    readonly __zone_symbol__then?: Promise<unknown>['then'];
  };
  return unpatched;
}

const THEN = /* @__PURE__ */ unpatchedThen(INTRINSIC);

/**
 * What `promise` settles to, seen by `onReturned` or `onThrew` on the way: one derived promise and no side branch, so
 * that a rejection nobody handles stays unhandled, once.
 *
 * @returns `undefined` for a proxy of a promise, which only looks like one
 */
export function derivePromise(
  promise: Promise<unknown>,
  onReturned: (value: unknown) => unknown,
  onThrew: (error: unknown) => unknown,
): Promise<unknown> | undefined {
  try {
    // Engines know this call, and make several of it at the price of one.
    if (promise.then === THEN) return promise.then(onReturned, onThrew);
    return unpatchedThen(Object.getPrototypeOf(promise)).call(promise, onReturned, onThrew);
  } catch {
    return undefined;
  }
}

/** {@link derivePromise}, for those who only listen: what the promise settles to is passed on as it came. */
export function hearPromise(
  promise: Promise<unknown>,
  returned: (value: unknown) => void,
  threw: (error: unknown) => void,
): Promise<unknown> | undefined {
  return derivePromise(
    promise,
    (value) => {
      returned(value);
      return value;
    },
    (error) => {
      threw(error);
      throw error;
    },
  );
}

/** What zone.js' promises, and Bluebird's, have and no others. They are under way, though their `then` is their own. */
const MARKS = ['__zone_symbol__state', '_bitField'];

/** Whether a promise is one of those. */
export function isZoneOrBluebird(promise: object): boolean {
  return MARKS.some((mark) => mark in promise);
}

/** For a rejection that is passed on as it came. */
export function throwOn(error: unknown): never {
  throw error;
}
