import type { RecordedException, Redact } from '../options/options.ts';
import { attempt } from '../platform/report.ts';
import { isObject } from '../platform/is-object.ts';

const LONGEST_MESSAGE = 4096;
const LONGEST_STACK = 16_384;
/** How far the causes of an error are followed. */
const DEPTH = 5;

/**
 * Describes anything that JavaScript lets you throw, without throwing itself and without changing the value: errors with
 * getters that throw, `DOMException` (whose `code` is a number), strings, symbols, `null`, objects without a prototype.
 *
 * @param called its name, if it is not to be asked
 */
export function describeException(
  thrown: unknown,
  redact: Redact | undefined,
  called?: string,
): RecordedException {
  return complete(describe(thrown, called), thrown, redact);
}

/** The same of why a signal was aborted, which may be anything. Its code does not count: the reason's name tells. */
export function describeReason(reason: unknown, redact: Redact | undefined): RecordedException {
  const { name, message, stack } = isObject(reason)
    ? describe(reason)
    : plain('AbortError', reason === undefined ? 'the signal was aborted' : String(reason));
  return complete({ name, message, stack, type: name }, reason, redact);
}

function complete(
  { name, message, stack, type }: RecordedException,
  thrown: unknown,
  redact: Redact | undefined,
): RecordedException {
  const causes = causesOf(thrown, DEPTH);
  const exception = bounded({
    name,
    message,
    stack: causes === '' ? stack : (stack ?? `${name}: ${message}`) + causes,
    type,
  });
  if (redact === undefined) return exception;
  // One that throws, or answers a promise, has not said what may be written.
  const kept = attempt('option "redact"', () => redact({ ...exception }));
  return bounded({ name: exception.type, type: exception.type, ...kept });
}

function bounded({ name, message, stack, type }: RecordedException): RecordedException {
  return {
    name: cut(name, LONGEST_MESSAGE),
    message: cut(message, LONGEST_MESSAGE),
    stack: cut(stack, LONGEST_STACK),
    type: cut(type, LONGEST_MESSAGE),
  };
}

function describe(thrown: unknown, called?: string): RecordedException {
  if (typeof thrown === 'function') return plain('function', `function ${readText(() => thrown.name) ?? ''}`);
  if (!isObject(thrown)) {
    // String() is the one conversion that takes symbols.
    return plain(thrown === null ? 'null' : typeof thrown, String(thrown));
  }
  const error = thrown as Error & { code?: unknown };
  const name = called || readText(() => error.name) || readText(() => error.constructor.name) || 'Error';
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

/** The errors that caused one, and those that it is made of, as they stand below its stack. */
function causesOf(thrown: unknown, depth: number): string {
  let text = '';
  if (depth === 0 || !isObject(thrown)) return text;
  try {
    const { cause, errors } = thrown as { cause?: unknown; errors?: unknown };
    for (const other of [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])]) {
      if (other === undefined || text.length > LONGEST_STACK) continue;
      const { name, message, stack = `${name}: ${message}` } = describe(other);
      text += `\ncaused by ${stack}${causesOf(other, depth - 1)}`;
    }
  } catch {
    // What cannot be read is left out.
  }
  return text;
}

/** Long texts are cut: an SDK's limits do not reach the status, and a collector refuses the whole batch. */
function cut<T extends string | undefined>(text: T, length: number): T {
  return text !== undefined && text.length > length ? (`${text.slice(0, length - 1)}…` as T) : text;
}

function readText(read: () => unknown): string | undefined {
  try {
    const value = read();
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
