/**
 * Whether `value` is a promise made by the language itself. A subclass or a thenable behaves in ways that a derived
 * promise would lose.
 */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return Object.getPrototypeOf(value) === Promise.prototype && value instanceof Promise;
  } catch {
    // A proxy that refuses the look.
    return false;
  }
}

/**
 * What `promise` settles to, seen by `onReturned` or `onThrew` on the way: one derived promise and no side branch, so
 * that a rejection nobody handles stays unhandled, once. Own properties of the promise are carried over.
 *
 * @returns `undefined` for a proxy of a promise, which only looks like one
 */
export function derivePromise(
  promise: Promise<unknown>,
  onReturned: (value: unknown) => unknown,
  onThrew: (error: unknown) => unknown,
): Promise<unknown> | undefined {
  let derived: Promise<unknown>;
  try {
    derived = Promise.prototype.then.call(promise, onReturned, onThrew);
  } catch {
    return undefined;
  }
  // Only named properties: context managers before Node 24 keep theirs on promises, under symbols.
  for (const key in promise) {
    if (Object.hasOwn(promise, key))
      Object.defineProperty(derived, key, Object.getOwnPropertyDescriptor(promise, key)!);
  }
  return derived;
}
