import { diag } from '@opentelemetry/api';
import { isObject } from './is-object.ts';

/**
 * Tells the operator about something that was suppressed so that the application would not notice it.
 * The only place that touches `diag`; a logger that throws is itself suppressed.
 */
export function report(what: string, cause?: unknown): void {
  // A logger that is itself traced, with telemetry that fails, would ask for ever.
  if (isReporting) return;
  isReporting = true;
  try {
    const text = `oncespan: ${what}`;
    silence(cause === undefined ? diag.warn(text) : diag.warn(text, cause));
  } catch {
    // The reporter is the last resort: there is nobody left to tell.
  } finally {
    isReporting = false;
  }
}

let isReporting = false;

/**
 * As {@link report}, at the level of an error, and also on the console: for what makes everything else pointless. By
 * default nobody listens to `diag`, and with two versions of the API in a process nobody can.
 */
export function reportLoudly(what: string): void {
  for (const tell of [diag, console]) {
    try {
      silence(tell.error(`oncespan: ${what}`));
    } catch {
      // As above.
    }
  }
}

/** A logger may be asynchronous, and fail later: then, too, there is nobody left to tell. */
function silence(answer: unknown): void {
  if (isThenable(answer)) answer.then(undefined, () => {});
}

/**
 * Calls somebody else's code (a hook, a span, an SDK) and survives it: a throw, and a rejection of what it returns, go
 * to `report` under the name `what`, and the answer is `undefined`.
 *
 * A promise is never a valid answer here, so one that is returned is reported even when it resolves.
 */
export function attempt<T>(what: string, call: () => T): T | undefined {
  try {
    const answer = call();
    if (!isThenable(answer)) return answer;
    report(`${what} returned a promise, which it must not`);
    handleRejection(what, answer);
  } catch (error) {
    report(`${what} threw`, error);
  }
  return undefined;
}

/** Takes responsibility for what may be a promise that nobody awaits, so that its rejection does not crash the process. */
export function handleRejection(what: string, answer: unknown): void {
  try {
    if (isThenable(answer)) answer.then(undefined, (error: unknown) => report(`${what} rejected`, error));
  } catch (error) {
    report(`${what} threw`, error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof (value as { then?: unknown }).then === 'function';
}

/** A value as it can be named in a message, whatever it is. */
export function inWords(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  return isObject(value) ? 'an object' : String(value);
}
