import type { RecordedException } from '../options/options.ts';
import type { Plan } from '../options/plan.ts';
import { isObject } from '../platform/is-object.ts';
import { attempt } from '../platform/report.ts';

const LONGEST_MESSAGE = 4096;
const LONGEST_STACK = 16_384;
/** How far the causes of an error are followed. */
const DEPTH = 5;
/** Of what an error is made of, so many are looked at: more have no room in a stack. */
const MOST_ERRORS = 1000;

/** What of a plan says how much of an error is read. */
type Recording = Pick<Plan, 'redact' | 'exceptionEvents'>;

/**
 * Describes anything that JavaScript lets you throw, without throwing itself and without changing the value: errors with
 * getters that throw, `DOMException` (whose `code` is a number), strings, symbols, `null`, objects without a prototype.
 *
 * @param called its name, if it is not to be asked
 */
export function describeException(thrown: unknown, plan: Recording, called?: string): RecordedException {
  return complete(describe(thrown, called), thrown, plan);
}

/** The same of why a signal was aborted, which may be anything. Its code does not count: the reason's name tells. */
export function describeReason(reason: unknown, plan: Recording): RecordedException {
  const described = describe(reason);
  const { name, message } = isObject(reason)
    ? described
    : plain('AbortError', reason === undefined ? 'the signal was aborted' : described.message);
  return complete(plain(name, message), reason, plan);
}

function complete(
  described: RecordedException,
  thrown: unknown,
  { redact, exceptionEvents }: Recording,
): RecordedException {
  // That it is read can be noticed: an engine formats it then.
  const stack = exceptionEvents === 'none' ? undefined : stackOf(thrown, described, DEPTH);
  const exception = bounded(described, stack);
  if (redact === undefined) return exception;
  // One that throws, or answers a promise, has not said what may be written. Nor has a field that does, or is no text.
  const kept = attempt('option "redact"', () => redact({ ...exception })) as
    Partial<RecordedException> | null | undefined;
  const text = (key: keyof RecordedException) => {
    const value = attempt('reading what option "redact" answered', () => kept?.[key]);
    return typeof value === 'string' ? value : undefined;
  };
  const shown = {
    name: text('name') || exception.type,
    message: text('message'),
    type: text('type') || exception.type,
  };
  return bounded(shown, text('stack'));
}

function bounded(
  { name, message, type }: Omit<RecordedException, 'stack'>,
  stack: string | undefined,
): RecordedException {
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
    type: readText(() => error.code) || name,
  };
}

function plain(name: string, message: string | undefined): RecordedException {
  return { name, message, type: name };
}

/** The stack of an error, and below it those of the errors that caused it, and of those that it is made of. */
function stackOf(thrown: unknown, { name, message }: RecordedException, depth: number): string | undefined {
  const own = readText(() => (thrown as Error).stack);
  let causes = '';
  try {
    const { cause, errors } = (depth > 0 ? thrown : {}) as { cause?: unknown; errors?: unknown };
    const parts: unknown[] = Array.isArray(errors) ? errors.slice(0, MOST_ERRORS) : [];
    for (const other of [cause, ...parts]) {
      if (other === undefined || causes.length > LONGEST_STACK) continue;
      const described = describe(other);
      const stack = stackOf(other, described, depth - 1) ?? `${described.name}: ${described.message}`;
      causes += `\ncaused by ${stack}`;
    }
  } catch {
    // What cannot be read is left out.
  }
  return causes === '' ? own : (own ?? `${name}: ${message}`) + causes;
}

/** Long texts are cut: an SDK's limits do not reach the status, and a collector refuses the whole batch. */
function cut<T extends string | undefined>(text: T, length: number): T {
  if (text === undefined || text.length <= length) return text;
  // Not through the middle of a character.
  return `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…` as T;
}

function readText(read: () => unknown): string | undefined {
  try {
    const value = read();
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
