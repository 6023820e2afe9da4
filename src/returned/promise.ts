/** Whether `value` is a promise made by the language itself, not of a subclass and no mere thenable. */
export function isNativePromise(value: unknown): value is Promise<unknown> {
  try {
    return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Promise.prototype;
  } catch {
    // A proxy that refuses the look.
    return false;
  }
}

/**
 * Whether a derived promise can stand for `value`. Not for one that was given methods, as by ky: whoever calls such a
 * method has no reason to await the promise itself, too, and a derived one would reject unheard.
 */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  if (!isNativePromise(value)) return false;
  try {
    // Only named properties: context managers before Node 24 keep theirs on promises, under symbols.
    for (const key in value) if (Object.prototype.hasOwnProperty.call(value, key)) return false;
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
    return Promise.prototype.then.call(promise, onReturned, onThrew);
  } catch {
    return undefined;
  }
}
