/** Whether `value` is a promise made by the language itself, in any realm: not of a subclass, and no mere thenable. */
export function isNativePromise(value: unknown): value is Promise<unknown> {
  try {
    return typeof value === 'object' && value !== null && isIntrinsic(Object.getPrototypeOf(value));
  } catch {
    // A proxy that refuses the look.
    return false;
  }
}

/**
 * Whether `prototype` is the one of a realm's own promises. The global `Promise` is another one in a test of Jest, which
 * gets promises from Node, and with zone.js, which replaces it but not what async functions return.
 */
function isIntrinsic(prototype: object | null): prototype is typeof Promise.prototype {
  if (prototype === Promise.prototype) return true;
  // Few have a `then` of their own, so few are looked at closely.
  if (prototype === null || !Object.getOwnPropertyDescriptor(prototype, 'then')) return false;
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return (
    typeof constructor === 'function' &&
    /^function Promise\(\)\s*{\s*\[native/.test(Function.prototype.toString.call(constructor))
  );
}

/** Some engines keep the state of a promise on it, where everybody sees it. */
const FRESH = /* @__PURE__ */ Promise.resolve();

/**
 * Whether a derived promise can stand for `value`. Not for one that was given methods, as by ky: whoever calls such a
 * method has no reason to await the promise itself, too, and a derived one would reject unheard.
 */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  if (!isNativePromise(value)) return false;
  try {
    // Only named properties: context managers before Node 24 keep theirs on promises, under symbols.
    for (const key in value)
      if (Object.prototype.hasOwnProperty.call(value, key) && !(key in FRESH)) return false;
    return true;
  } catch {
    return false;
  }
}

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
    const { then } = isNativePromise(promise) ? Object.getPrototypeOf(promise) : Promise.prototype;
    return then.call(promise, onReturned, onThrew);
  } catch {
    return undefined;
  }
}
