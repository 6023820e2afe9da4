/**
 * The error that says a limit has passed: a `DOMException` named `TimeoutError`, as of `AbortSignal.timeout()`, or a plain
 * error of that name where there are none.
 */
export function timeoutError(message: string): Error {
  if (typeof DOMException === 'function') return new DOMException(message, 'TimeoutError');
  return Object.assign(new Error(message), { name: 'TimeoutError' });
}
