import type { Attributes, Context, SpanKind } from '@opentelemetry/api';
import { isAbortSignal } from './abort.ts';
import type { ErrorMatcher } from './error-matcher.ts';
import type { FlushResult } from './flush.ts';
import type { Relation } from './parentage.ts';
import { report } from './report.ts';
import { show } from './show.ts';

export type AnyFunction = (...args: never[]) => unknown;

/** How one span is named, started and ended. Every option is optional. */
export interface SpanOptions<Args extends unknown[] = unknown[], Result = unknown> {
  /** Default: `Class.method`; the function's name, or `task`; `span` for `withSpan` and `startSpan`. */
  name?: string | ((...args: Args) => string);
  /** Default `SpanKind.INTERNAL`. */
  kind?: SpanKind;
  /** Put on the span when it starts, where samplers see them. Arguments are never recorded unless you do it here. */
  attributes?: Attributes | ((...args: Args) => Attributes | undefined);
  /** Put on the span when the work has returned. An iterator, stream or observable is given as it is, at its end. */
  resultAttributes?: (value: Awaited<Result>) => Attributes | undefined;
  /** `child` of the active span (default), a `root`, or a new root `linked` to the active span. */
  relation?: Relation;
  /** The signal whose abort ends the span. Default: found in the arguments. `false`: none. */
  signal?: AbortSignal | ((...args: Args) => AbortSignal | undefined) | false;
  /** Milliseconds that the work has after an abort to settle on its own account. Default 0: the abort ends the span. */
  abortGraceMs?: number;
  /** Milliseconds after which the span (not the work) ends as `timed-out`. Default: never. */
  timeoutMs?: number;
  /** Errors that are not failures. Default: none. */
  ignoreErrors?: ErrorMatcher | readonly ErrorMatcher[];
  /** Whether an abort sets the status to ERROR. Default `error`. */
  cancellation?: 'error' | 'unset';
  /**
   * `work` (default): the span ends with what the call returns, when the promise settles or the iterator, stream or
   * observable ends. `call`: when the call returns.
   */
  covers?: 'work' | 'call';
  /** Default `true`. Asked at every call. */
  enabled?: boolean | (() => boolean);
}

/** When a task flushes: `auto` is `background` for the first span of a trace in this process, else `never`. */
export type FlushMode = 'auto' | 'background' | 'await' | 'never';

/** When a task flushes, and how long is waited for a flush. */
export interface FlushSettings {
  /** Default `auto`. With `await` the task's promise settles only after the flush. */
  flush?: FlushMode;
  /** Milliseconds that a flush is waited for at the longest, by `await`, `waitUntil`, `flush()` and `await using`. Default 5000. */
  flushTimeoutMs?: number;
  /** Keeps a serverless invocation alive until the flush has ended, e.g. `ctx.waitUntil`. */
  waitUntil?: (flushed: Promise<FlushResult>) => void;
}

export interface TaskOptions<Args extends unknown[] = unknown[], Result = unknown>
  extends SpanOptions<Args, Result>, FlushSettings {
  /**
   * Where the parent comes from: the context of the `call` (default), of the `wrap`, or what the function answers: a
   * context, or a carrier such as message headers.
   */
  from?: 'call' | 'wrap' | ((...args: Args) => Context | Record<string, unknown> | undefined);
}

/** Options of an instance, and the defaults of the spans it makes. */
export interface TracingOptions extends FlushSettings {
  /** Default `oncespan`. */
  tracerName?: string;
  tracerVersion?: string;
  /** Default `true`. Asked at every call; spans that are live end as they would have. */
  enabled?: boolean | (() => boolean);
  /** Put on every span. */
  attributes?: Attributes;
  /** Renames the attributes `error` and `oncespan.outcome`, or leaves one out: `{ outcome: null }`. */
  attributeNames?: { error?: string | null; outcome?: string | null };
  ignoreErrors?: ErrorMatcher | readonly ErrorMatcher[];
  cancellation?: 'error' | 'unset';
  abortGraceMs?: number;
  /** Whether an error is recorded on every span that it passes (default), or only where it came from. */
  exceptionEvents?: 'every-span' | 'origin-only';
}

export interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Whether an object is copied, so that what was checked is what is used. */
  readonly isCopied?: boolean;
}

export type Rules<Options> = { readonly [Key in keyof Required<Options>]: Rule };

export const rule = (expected: string, accepts: (value: unknown) => boolean): Rule => ({ expected, accepts });
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';

export const oneOf = (...allowed: string[]): Rule =>
  rule(`one of ${allowed.map((value) => `'${value}'`).join(', ')}`, (value) =>
    allowed.includes(value as string),
  );
const orFunction = ({ expected, accepts, ...others }: Rule): Rule => ({
  ...others,
  expected: `${expected} or a function`,
  accepts: (value) => accepts(value) || isFunction(value),
});

const aFunction = rule('a function', isFunction);
export const aName = rule('a non-empty string', isName);
export const aBoolean = rule('a boolean', (value) => typeof value === 'boolean');
const someAttributes = { ...rule('an object of attributes', isObject), isCopied: true };
const milliseconds = rule(
  'a number of milliseconds, 0 or more',
  (value) => typeof value === 'number' && value >= 0,
);
const matchers = rule('an error class, a predicate or an array of them', (value) =>
  [value].flat().every(isFunction),
);
const attributeNames = {
  ...rule(
    "an object such as { error: 'failed', outcome: null }",
    (value) =>
      isObject(value) &&
      Object.entries(value as object).every(
        ([key, name]) => ['error', 'outcome'].includes(key) && (name == null || isName(name)),
      ),
  ),
  isCopied: true,
};

const ENDING = { ignoreErrors: matchers, cancellation: oneOf('error', 'unset'), abortGraceMs: milliseconds };
const FLUSHING: Rules<FlushSettings> = {
  flush: oneOf('auto', 'background', 'await', 'never'),
  flushTimeoutMs: milliseconds,
  waitUntil: aFunction,
};

export const SPAN_RULES: Rules<SpanOptions> = {
  ...ENDING,
  name: orFunction(aName),
  kind: rule('a SpanKind', (value) => [0, 1, 2, 3, 4].includes(value as number)),
  attributes: orFunction(someAttributes),
  resultAttributes: aFunction,
  relation: oneOf('child', 'root', 'linked'),
  signal: rule(
    'an AbortSignal, a function or false',
    (value) => value === false || isFunction(value) || isAbortSignal(value),
  ),
  timeoutMs: milliseconds,
  covers: oneOf('work', 'call'),
  enabled: orFunction(aBoolean),
};

export const TASK_RULES: Rules<TaskOptions> = {
  ...SPAN_RULES,
  ...FLUSHING,
  from: orFunction(oneOf('call', 'wrap')),
};

export const TRACING_RULES: Rules<TracingOptions> = {
  ...ENDING,
  ...FLUSHING,
  tracerName: aName,
  tracerVersion: aName,
  enabled: orFunction(aBoolean),
  attributes: someAttributes,
  attributeNames,
  exceptionEvents: oneOf('every-span', 'origin-only'),
};

export const FLUSH_RULES = {
  timeoutMs: milliseconds,
  signal: rule('an AbortSignal', isAbortSignal),
};

/** What to do about a wrong option: throw while decorating or configuring, `report` and go on without it at call time. */
export type Complaint = (problem: string) => void;

export const refuse: Complaint = (problem) => {
  throw new TypeError(problem);
};

export const tolerate: Complaint = (problem) => report(`${problem}; ignored`);

/**
 * A shallow copy of `options` with only what the rules accept, `undefined` left out; a string stands for `{ name }`.
 *
 * @param where names the caller in a complaint: `traceTask()`
 */
export function readOptions<Options extends object>(
  where: string,
  options: Options | string | undefined,
  rules: Rules<Options>,
  complain: Complaint,
): Options {
  const accepted: Record<string, unknown> = {};
  if (options === undefined) return accepted as Options;
  const takesName = 'name' in rules;
  const given = typeof options === 'string' && takesName ? { name: options } : options;
  if (!isObject(given)) {
    complain(`${where}: ${show(given)} is not ${takesName ? 'a name or ' : ''}an object of options`);
    return accepted as Options;
  }
  for (const key of Object.keys(given)) {
    const known = Object.hasOwn(rules, key) ? rules[key as keyof Options] : undefined;
    if (known === undefined) {
      complain(
        `${where}: there is no option '${key}'; the options are ${Object.keys(rules).sort().join(', ')}`,
      );
      continue;
    }
    let problem = 'cannot be read';
    try {
      const own: unknown = Reflect.get(given as object, key);
      const value: unknown = known.isCopied && isObject(own) ? { ...(own as object) } : own;
      if (value === undefined) continue;
      if (known.accepts(value)) {
        accepted[key] = value;
        continue;
      }
      problem = `is ${show(value)}`;
    } catch {
      // A getter, or a proxy, that throws.
    }
    complain(`${where}: option '${key}' ${problem}; give ${known.expected}`);
  }
  return accepted as Options;
}
