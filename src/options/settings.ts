import type { Attributes, AttributeValue, TracerProvider } from '@opentelemetry/api';
import type { FlushResult } from '../platform/flush.ts';
import { PACKAGE_NAME } from '../platform/package-version.ts';
import { matcherOf } from './error-matcher.ts';
import type { FlushMode, Redact, TracingOptions } from './options.ts';

/** The settings of a tracing instance: a plain object, which `configure()` replaces by another one. */
export interface Settings {
  readonly tracerName: string;
  readonly tracerVersion: string | undefined;
  readonly tracerProvider: TracerProvider | undefined;
  readonly enabled: boolean | (() => boolean);
  readonly attributes: Attributes | undefined;
  /** Names of the two attributes that this library invented; `null` leaves one out. */
  readonly attributeNames: { readonly error: string | null; readonly outcome: string | null };
  readonly ignores: (error: unknown) => boolean;
  readonly cancellation: Required<TracingOptions>['cancellation'];
  readonly abortGraceMs: number;
  readonly exceptionEvents: Required<TracingOptions>['exceptionEvents'];
  readonly redact: Redact | undefined;
  readonly flush: FlushMode;
  readonly flushTimeoutMs: number;
  readonly waitUntil: ((flushed: Promise<FlushResult>, ...args: unknown[]) => void) | undefined;
}

export const DEFAULT_SETTINGS: Settings = {
  tracerName: PACKAGE_NAME,
  tracerVersion: undefined,
  tracerProvider: undefined,
  enabled: true,
  attributes: undefined,
  attributeNames: { error: 'error', outcome: 'oncespan.outcome' },
  ignores: () => false,
  cancellation: 'error',
  abortGraceMs: 0,
  exceptionEvents: 'every-span',
  redact: undefined,
  flush: 'auto',
  flushTimeoutMs: 5000,
  waitUntil: undefined,
};

/** Every name that the two attributes have had, in any instance: for those who read them back from a span. */
export const knownNames: { readonly error: Set<string | null>; readonly outcome: Set<string | null> } = {
  error: new Set(['error']),
  outcome: new Set(['oncespan.outcome']),
};

/** The outcome that is written on a span, under whatever name. */
export function writtenOutcome(attributes: Attributes): AttributeValue | undefined {
  for (const name of knownNames.outcome) if (name !== null && name in attributes) return attributes[name];
  return undefined;
}

/** `settings` with what `options` names, and nothing else, changed. */
export function changed(
  settings: Settings,
  { attributeNames, ignoreErrors, ...others }: TracingOptions,
): Settings {
  const { error = settings.attributeNames.error, outcome = settings.attributeNames.outcome } =
    attributeNames ?? {};
  knownNames.error.add(error);
  knownNames.outcome.add(outcome);
  const ignores = ignoreErrors === undefined ? settings.ignores : matcherOf(ignoreErrors);
  return { ...settings, ...others, attributeNames: { error, outcome }, ignores };
}
