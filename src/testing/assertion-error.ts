interface Assertion {
  readonly message: string;
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string;
  /** The function that asserts: the stack begins where it was called. */
  readonly stackStartFn: (...args: never[]) => unknown;
}

/** What `node:assert` throws, by which test runners know a failed assertion. That module itself is not everywhere. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ERR_ASSERTION';
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string;

  constructor({ message, actual, expected, operator, stackStartFn }: Assertion) {
    super(message);
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    (Error as { captureStackTrace?: (error: Error, from: unknown) => void }).captureStackTrace?.(
      this,
      stackStartFn,
    );
  }
}
