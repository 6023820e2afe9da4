import { isAbortSignal } from '../platform/abort-signal.ts';
import type { FlushSettings, SpanOptions, TaskOptions, TracingOptions } from './options.ts';

export interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Whether an object is copied, so that what was checked is what is used. */
  readonly isCopied?: boolean;
}

export type Rules<Options> = { readonly [Key in keyof Required<Options>]: Rule };

export const rule = (expected: string, accepts: (value: unknown) => boolean): Rule => ({ expected, accepts });
const isFunction = (value: unknown): boolean => typeof value === 'function';
export const isObject = (value: unknown): boolean =>
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
