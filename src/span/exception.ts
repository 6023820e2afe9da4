/** What is written down of something that was thrown. Shaped so that every SDK's `recordException` accepts it. */
export interface RecordedException {
  /** The error's name, or the kind of the value: `string`, `null`, `Object`. Never empty, never a numeric code. */
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** For the attribute `error.type`: `error.code` if that is a string (`ECONNRESET`), else the name. */
  readonly type: string;
}

/**
 * Describes anything that JavaScript lets you throw, without throwing itself and without changing the value: errors with
 * getters that throw, `DOMException` (whose `code` is a number), strings, symbols, `null`, objects without a prototype.
 */
export function describeException(thrown: unknown): RecordedException {
  if (typeof thrown === 'function') return plain('function', `function ${readText(() => thrown.name) ?? ''}`);
  if (typeof thrown !== 'object' || thrown === null) {
    // String() is the one conversion that takes symbols.
    return plain(thrown === null ? 'null' : typeof thrown, String(thrown));
  }
  const error = thrown as Error & { code?: unknown };
  const name = readText(() => error.name) || readText(() => error.constructor.name) || 'Error';
  return {
    name,
    message: readText(() => error.message) ?? readText(() => String(error)) ?? 'a value that cannot be read',
    stack: readText(() => error.stack),
    type: readText(() => error.code) || name,
  };
}

function plain(name: string, message: string): RecordedException {
  return { name, message, type: name };
}

function readText(read: () => unknown): string | undefined {
  try {
    const value = read();
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
