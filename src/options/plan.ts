import type { Attributes, SpanKind } from '@opentelemetry/api';
import { type AbortSignalLike, findSignal, isAbortSignal } from '../platform/abort-signal.ts';
import { askQuietly } from '../platform/asking.ts';
import { attempt, handleRejection, inWords, report } from '../platform/report.ts';
import { isRecord, isSpanKind } from './check.ts';
import { matcherOf } from './error-matcher.ts';
import type { AnyFunction, FlushSettings, TaskOptions } from './options.ts';
import type { Settings } from './settings.ts';

/** What `@SpanAttribute()` makes of the arguments of a call. */
export type ArgumentAttributes = (args: ArrayLike<unknown>) => Attributes;

type Defaults = Required<Pick<TaskOptions, 'relation' | 'covers'>>;

/**
 * All that a call of one wrapped function needs to know: the function's own options over the settings of its instance. A
 * call takes it at its start, and its span ends by it, whatever `configure()` does meanwhile.
 */
export interface Plan
  extends
    Omit<Settings, 'enabled' | 'attributes' | 'flushTimeoutMs'>,
    Omit<TaskOptions, keyof Settings | keyof Defaults>,
    Defaults {
  readonly enabled: TaskOptions['enabled'];
  readonly attributes: TaskOptions['attributes'];
  readonly flushTimeoutMs: NonNullable<TaskOptions['flushTimeoutMs']>;
  /** Of the instance: their `enabled`, `attributes` and `flushTimeoutMs` count beside the function's own. */
  readonly settings: Settings;
  readonly argumentAttributes: ArgumentAttributes | undefined;
  /** The name when the options give none, or a name function fails. */
  readonly defaultName: string;
}

/**
 * Every option, as an own property: one that is not given is then not looked up on `Object.prototype`. And all plans are
 * objects of one shape, which an engine reads faster.
 */
const DEFAULTS: TaskOptions & Defaults = {
  name: undefined!,
  kind: undefined!,
  attributes: undefined!,
  resultAttributes: undefined!,
  relation: 'child',
  links: undefined!,
  signal: undefined!,
  timeoutMs: undefined!,
  ignoreErrors: undefined!,
  covers: 'work',
  enabled: undefined!,
  from: undefined!,
  length: undefined!,
} satisfies Defaults &
  Record<Exclude<keyof TaskOptions, keyof FlushSettings | 'cancellation' | 'abortGraceMs'>, unknown>;

export function planOf(
  settings: Settings,
  defaultName: string,
  options: TaskOptions,
  argumentAttributes?: ArgumentAttributes,
): Plan {
  const own = { ...DEFAULTS, ...options };
  const { ignoreErrors } = own;
  return {
    ...settings,
    ...own,
    argumentAttributes,
    settings,
    ignores: ignoreErrors === undefined ? settings.ignores : matcherOf(ignoreErrors, settings.ignores),
    defaultName,
  };
}

/**
 * The plan of one wrapped function, made anew when the settings of its instance have changed, or its default name.
 *
 * @returns a function to be asked at every call
 */
export function planSource<Args extends unknown[]>(
  instance: { readonly settings: Settings },
  firstName: string,
  given: TaskOptions<Args>,
  argumentAttributes?: ArgumentAttributes,
): (defaultName?: string) => Plan {
  const options = given as TaskOptions;
  let made = instance.settings;
  let plan = planOf(made, firstName, options, argumentAttributes);
  return (defaultName = plan.defaultName) => {
    const { settings } = instance;
    if (settings !== made || defaultName !== plan.defaultName)
      plan = planOf((made = settings), defaultName, options, argumentAttributes);
    return plan;
  };
}

/** Whether this call is to be traced. */
export function isEnabled({ enabled, settings }: Plan): boolean {
  return isOn(settings.enabled) && isOn(enabled);
}

function isOn(enabled: TaskOptions['enabled']): boolean {
  // A switch that fails is on: only an answer of its own turns telemetry off.
  return typeof enabled === 'function'
    ? askQuietly('option "enabled"', enabled) !== false
    : enabled !== false;
}

/** What the function that is the value of an option answers about a call, if it does. */
export function ask(option: string, fn: AnyFunction, args: ArrayLike<unknown>): unknown {
  return attempt(`option "${option}"`, () => Reflect.apply(fn, undefined, args as never[]));
}

export function spanName({ name, defaultName }: Plan, args: ArrayLike<unknown>): string {
  if (name === undefined) return defaultName;
  if (typeof name === 'string') return name;
  const answer = ask('name', name, args);
  if (typeof answer === 'string' && answer !== '') return answer;
  report(`option "name" of ${defaultName} gave no name`);
  return defaultName;
}

export function spanKind({ kind }: Plan, args: ArrayLike<unknown>): SpanKind | undefined {
  if (typeof kind !== 'function') return kind;
  const answer = ask('kind', kind, args);
  if (answer === undefined || isSpanKind(answer)) return answer as SpanKind | undefined;
  report('option "kind" gave no SpanKind');
  return undefined;
}

/** Milliseconds that the work of this call has. */
export function timeLimit({ timeoutMs }: Plan, args: ArrayLike<unknown>): number | undefined {
  return typeof timeoutMs === 'function' ? askForTime('timeoutMs', timeoutMs, args) : timeoutMs;
}

/** Milliseconds that a flush for this call is waited for. */
export function flushLimit({ flushTimeoutMs, settings }: Plan, args: ArrayLike<unknown>): number {
  if (typeof flushTimeoutMs !== 'function') return flushTimeoutMs;
  return Math.min(askForTime('flushTimeoutMs', flushTimeoutMs, args) ?? Infinity, settings.flushTimeoutMs);
}

function askForTime(option: string, fn: AnyFunction, args: ArrayLike<unknown>): number | undefined {
  const answer = ask(option, fn, args);
  if (answer === undefined || (typeof answer === 'number' && answer > 0)) return answer;
  report(`option "${option}" gave ${inWords(answer)}; give a number of milliseconds above 0`);
  return undefined;
}

/** The attributes that a span has from its start on. */
export function startAttributes(
  { attributes, argumentAttributes, settings: { attributes: everywhere } }: Plan,
  args: ArrayLike<unknown>,
): Attributes | undefined {
  if (attributes === undefined && argumentAttributes === undefined) return everywhere;
  const answer: unknown = typeof attributes === 'function' ? ask('attributes', attributes, args) : attributes;
  const own = copyAttributes('attributes', answer);
  if (everywhere === undefined && argumentAttributes === undefined) return own;
  return { ...everywhere, ...argumentAttributes?.(args), ...own };
}

export function attributesOfResult({ resultAttributes }: Plan, value: unknown): Attributes | undefined {
  if (resultAttributes === undefined) return undefined;
  return copyAttributes(
    'resultAttributes',
    attempt('option "resultAttributes"', () => resultAttributes(value)),
  );
}

/** The signal that tells the work of this call to stop. */
export function signalOf({ signal }: Plan, args: ArrayLike<unknown>): AbortSignalLike | undefined {
  if (signal === undefined) return findSignal(args);
  if (signal === false) return undefined;
  if (typeof signal !== 'function') return signal;
  const answer = ask('signal', signal, args);
  if (answer === undefined || isAbortSignal(answer)) return answer;
  report('option "signal" gave no AbortSignal');
  return undefined;
}

/** A copy of what an attribute hook answered: getters that throw do so here, not inside the SDK. */
export function copyAttributes(option: string, answer: unknown): Attributes | undefined {
  if (answer === undefined) return undefined;
  try {
    if (isRecord(answer)) {
      const copy = { ...(answer as Attributes) };
      for (const key of Object.keys(copy)) handleRejection('an attribute', copy[key]);
      return copy;
    }
    report(`option "${option}" gave no object of attributes`);
  } catch (error) {
    report(`reading what option "${option}" answered threw`, error);
  }
  return undefined;
}
