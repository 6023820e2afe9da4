import { isAbortSignal } from '../platform/abort-signal.ts';
import { ownDataProperty } from '../platform/data-property.ts';
import { isObject } from '../platform/is-object.ts';
import { inWords, report } from '../platform/report.ts';
import type { FlushSettings, SpanOptions, TaskOptions, TracingOptions } from './options.ts';

/** What to do about a wrong option: throw while decorating or configuring, `report` and go on without it at call time. */
export type Complaint = (problem: string) => void;

export const refuse: (problem: string) => never = (problem) => {
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
  // Of its own alone: what somebody has put on `Object.prototype` is no option.
  const accepted = Object.create(null) as Record<string, unknown>;
  if (options === undefined) return accepted as Options;
  const takesName = 'name' in rules;
  const given = typeof options === 'string' && takesName ? { name: options } : options;
  if (!isRecord(given)) {
    complain(`${where}: ${inWords(given)} is not ${takesName ? 'a name or ' : ''}an object of options`);
    return accepted as Options;
  }
  for (const key of Object.keys(given)) {
    const known = ownDataProperty(rules, key) as Rule | undefined;
    if (known === undefined) {
      complain(
        `${where}: there is no option '${key}'; the options are ${Object.keys(rules).sort().join(', ')}`,
      );
      continue;
    }
    let problem = 'cannot be read';
    try {
      const own: unknown = Reflect.get(given as object, key);
      const value: unknown = known.isCopied && isRecord(own) ? { __proto__: null, ...(own as object) } : own;
      if (value === undefined) continue;
      if (known.accepts(value)) {
        accepted[key] = value;
        continue;
      }
      problem = `is ${inWords(value)}`;
    } catch {
      // A getter, or a proxy, that throws.
    }
    complain(`${where}: option '${key}' ${problem}; give ${known.expected}`);
  }
  return accepted as Options;
}

export interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Whether an object is copied, so that what was checked is what is used. */
  readonly isCopied?: boolean;
}

export type Rules<Options> = { readonly [Key in keyof Required<Options>]: Rule };

// Marked, so that a bundler leaves out the tables of rules that are not used.

/* @__NO_SIDE_EFFECTS__ */
export function rule(expected: string, accepts: (value: unknown) => boolean): Rule {
  return { expected, accepts };
}

/* @__NO_SIDE_EFFECTS__ */
export function copied(original: Rule): Rule {
  return { ...original, isCopied: true };
}

/* @__NO_SIDE_EFFECTS__ */
export function oneOf(...allowed: (string | boolean)[]): Rule {
  const expected = `one of ${allowed.map(inWords).join(', ')}`;
  return rule(expected, (value) => allowed.includes(value as string));
}

/* @__NO_SIDE_EFFECTS__ */
function orFunction({ expected, accepts }: Rule): Rule {
  return rule(`${expected}, or a function`, (value) => accepts(value) || isFunction(value));
}

/** Joins tables of rules. */
/* @__NO_SIDE_EFFECTS__ */
function tableOf<A extends object, B extends object, C extends object>(a: A, b: B, c?: C): A & B & C {
  return { ...a, ...b, ...c } as A & B & C;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
/** An object that has options or attributes. */
export const isRecord = (value: unknown): boolean => isObject(value) && !Array.isArray(value);
export const isSpanKind = (value: unknown): boolean => [0, 1, 2, 3, 4].includes(value as number);
const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';

const aFunction = rule('a function', isFunction);
export const aName = rule('a non-empty string', isName);
export const aBoolean = rule('a boolean', (value) => typeof value === 'boolean');
const someAttributes = rule('an object of attributes', isRecord);
const milliseconds = rule(
  'a number of milliseconds, 0 or more',
  (value) => typeof value === 'number' && value >= 0,
);
const matchers = rule('an error class, the name of one, a predicate or an array of them', (value) =>
  [value].flat().every((matcher) => isFunction(matcher) || isName(matcher)),
);
const attributeNames = copied(
  rule(
    '{ error?, outcome? } with names or null',
    (value) =>
      isRecord(value) &&
      Object.entries(value as object).every(
        ([key, name]) => ['error', 'outcome'].includes(key) && (name == null || isName(name)),
      ),
  ),
);

const ENDING = { ignoreErrors: matchers, cancellation: oneOf('error', 'unset'), abortGraceMs: milliseconds };
const FLUSHING: Rules<FlushSettings> = {
  flush: oneOf('auto', 'background', 'await', 'never'),
  flushTimeoutMs: milliseconds,
  waitUntil: aFunction,
};

export const SPAN_RULES: Rules<SpanOptions> = tableOf(ENDING, {
  name: orFunction(aName),
  kind: orFunction(rule('a SpanKind', isSpanKind)),
  attributes: copied(orFunction(someAttributes)),
  resultAttributes: aFunction,
  relation: oneOf('child', 'root', 'linked'),
  links: aFunction,
  signal: rule(
    'an AbortSignal, a function or false',
    (value) => value === false || isFunction(value) || isAbortSignal(value),
  ),
  timeoutMs: orFunction(milliseconds),
  covers: orFunction(oneOf('work', 'call')),
  enabled: orFunction(aBoolean),
});

export const TASK_RULES: Rules<TaskOptions> = tableOf(SPAN_RULES, FLUSHING, {
  flushTimeoutMs: orFunction(milliseconds),
  from: orFunction(oneOf('call', 'wrap')),
  length: rule('a whole number, 0 or more', (value) => Number.isSafeInteger(value) && (value as number) >= 0),
});

export const TRACING_RULES: Rules<TracingOptions> = tableOf(ENDING, FLUSHING, {
  tracerName: aName,
  tracerVersion: aName,
  enabled: orFunction(aBoolean),
  attributes: copied(someAttributes),
  attributeNames,
  exceptionEvents: oneOf('every-span', 'origin-only', 'none'),
  redact: aFunction,
  tracerProvider: rule(
    'a tracer provider',
    (value) => typeof (value as { getTracer?: unknown } | null)?.getTracer === 'function',
  ),
});

export const FLUSH_RULES = {
  timeoutMs: milliseconds,
  signal: rule('an AbortSignal', isAbortSignal),
};
