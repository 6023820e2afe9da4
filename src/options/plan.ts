import type { Attributes, Tracer } from '@opentelemetry/api';
import { type AbortSignalLike, findSignal, isAbortSignal } from '../platform/abort-signal.ts';
import { matcherOf } from './error-matcher.ts';
import type { EndingRules } from '../span/live-span.ts';
import type { LiveSpanList } from '../span/live-span-list.ts';
import { isObject } from './rules.ts';
import type { FlushMode, TaskOptions } from './options.ts';
import type { Relation } from '../span/parentage.ts';
import { attempt, report } from '../platform/report.ts';
import type { Ignores, Settings } from './settings.ts';

/** What is to be done at each call of one wrapped function: its own options over the instance's settings of the moment. */
export class SpanPlan implements EndingRules {
  readonly #settings: Settings;
  /** The name when the options give none, or a name function fails. */
  defaultName: string;
  readonly relation: Relation;
  readonly covers: 'work' | 'call';
  readonly timeoutMs: number | undefined;
  readonly #options: TaskOptions;
  readonly #ignores: Ignores | undefined;
  readonly #argumentAttributes: ((args: ArrayLike<unknown>) => Attributes) | undefined;

  constructor(
    settings: Settings,
    defaultName: string,
    options: TaskOptions,
    argumentAttributes?: (args: ArrayLike<unknown>) => Attributes,
  ) {
    this.#settings = settings;
    this.defaultName = defaultName;
    this.relation = options.relation ?? 'child';
    this.covers = options.covers ?? 'work';
    this.timeoutMs = options.timeoutMs;
    this.#options = options;
    this.#ignores = options.ignoreErrors && matcherOf(options.ignoreErrors);
    this.#argumentAttributes = argumentAttributes;
  }

  get live(): LiveSpanList {
    return this.#settings.live;
  }

  get provider(): object | undefined {
    return this.#settings.tracers.provider;
  }

  get attributeNames(): EndingRules['attributeNames'] {
    return this.#settings.attributeNames;
  }

  get exceptionEvents(): EndingRules['exceptionEvents'] {
    return this.#settings.exceptionEvents;
  }

  get cancellation(): 'error' | 'unset' {
    return this.#options.cancellation ?? this.#settings.cancellation;
  }

  get abortGraceMs(): number {
    return this.#options.abortGraceMs ?? this.#settings.abortGraceMs;
  }

  get flushMode(): FlushMode {
    return this.#options.flush ?? this.#settings.flush;
  }

  get flushTimeoutMs(): number {
    return this.#options.flushTimeoutMs ?? this.#settings.flushTimeoutMs;
  }

  get waitUntil(): Settings['waitUntil'] {
    return this.#options.waitUntil ?? this.#settings.waitUntil;
  }

  ignores(error: unknown): boolean {
    return (this.#ignores ?? this.#settings.ignores)(error);
  }

  /** @returns `undefined` when this call is not to be traced */
  tracer(): Tracer | undefined {
    const tracer = this.#settings.tracers.tracer();
    if (tracer === undefined) return undefined;
    return isEnabled(this.#settings.enabled) && isEnabled(this.#options.enabled) ? tracer : undefined;
  }

  name(args: ArrayLike<unknown>): string {
    const { name } = this.#options;
    if (name === undefined) return this.defaultName;
    if (typeof name === 'string') return name;
    const answer: unknown = attempt('option "name"', () => Reflect.apply(name, undefined, args));
    if (typeof answer === 'string' && answer !== '') return answer;
    report(`option "name" of ${this.defaultName} gave no name`);
    return this.defaultName;
  }

  get kind(): TaskOptions['kind'] {
    return this.#options.kind;
  }

  attributes(args: ArrayLike<unknown>): Attributes | undefined {
    const { attributes } = this.#options;
    const everywhere = this.#settings.attributes;
    if (attributes === undefined && this.#argumentAttributes === undefined) return everywhere;
    const own: unknown =
      typeof attributes === 'function'
        ? attempt('option "attributes"', () => Reflect.apply(attributes, undefined, args))
        : attributes;
    return { ...everywhere, ...this.#argumentAttributes?.(args), ...copyAttributes('attributes', own) };
  }

  resultAttributes(value: unknown): Attributes | undefined {
    const { resultAttributes } = this.#options;
    if (resultAttributes === undefined) return undefined;
    return copyAttributes(
      'resultAttributes',
      attempt('option "resultAttributes"', () => resultAttributes(value)),
    );
  }

  signal(args: ArrayLike<unknown>): AbortSignalLike | undefined {
    const { signal } = this.#options;
    if (signal === undefined) return findSignal(args);
    if (signal === false) return undefined;
    if (typeof signal !== 'function') return signal;
    const answer: unknown = attempt('option "signal"', () => Reflect.apply(signal, undefined, args));
    if (answer === undefined || isAbortSignal(answer)) return answer;
    report('option "signal" answered something that is not an AbortSignal');
    return undefined;
  }
}

function isEnabled(enabled: boolean | (() => boolean) | undefined): boolean {
  // A switch that fails is on: only an answer of its own turns telemetry off.
  return typeof enabled === 'function' ? attempt('option "enabled"', enabled) !== false : enabled !== false;
}

/** A copy of what an attribute hook answered: getters that throw do so here, not inside the SDK. */
function copyAttributes(option: string, answer: unknown): Attributes | undefined {
  if (answer === undefined) return undefined;
  return attempt(`reading what option "${option}" answered`, () => {
    if (isObject(answer)) return { ...(answer as Attributes) };
    report(`option "${option}" answered something that is not an object of attributes`);
    return undefined;
  });
}
