/** The error that says a limit has passed: a `DOMException` named `TimeoutError`, as of `AbortSignal.timeout()`. */
export function timeoutError(message: string): DOMException {
  return new DOMException(message, 'TimeoutError');
}
