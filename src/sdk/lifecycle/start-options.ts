import type { TextMapPropagator } from '@opentelemetry/api';
import { FLUSH_RULES, rule, type Rules } from '../../options/check.ts';
import type { Drain } from './drain.ts';
import { ACQUIRE_RULES, type AcquireOptions } from './provider-lease.ts';
import { isCatchable } from './signals.ts';

/**
 * How tracing starts, and ends with the process. Those of the first call hold until the last lease is released; of later calls
 * only the key is listened to.
 *
 * @example
 * await startTracing(buildProvider, {
 *   signals: ['SIGTERM'],
 *   timeoutMs: 10_000,
 *   drain: () => worker.close(),
 *   propagator: new W3CTraceContextPropagator(),
 * });
 */
export interface StartOptions extends AcquireOptions {
  /**
   * The signals at which the process is to end. Those that the platform does not have are ignored, and reported.
   *
   * @default `['SIGTERM', 'SIGINT']`
   */
  signals?: readonly string[];
  /**
   * Milliseconds that the shutdown may take when the process ends, and before it, at a signal, `drain`: twice as much
   * together.
   *
   * @default 5000
   */
  timeoutMs?: number;
  /**
   * Brings the application's work to its end at a signal; tracing goes on until its promise has settled, for `timeoutMs` at
   * the longest. Called once at most, not when the process has nothing left to do. What it rejects with is reported.
   *
   * @default none
   */
  drain?: Drain;
  /**
   * Registered if no propagator is. `null`: none.
   * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
   *
   * @default those that `OTEL_PROPAGATORS` names (`tracecontext`, `baggage`, `none`), else W3C trace context and baggage
   */
  propagator?: TextMapPropagator | null;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

export const START_RULES: Rules<StartOptions> = {
  ...ACQUIRE_RULES,
  signals: rule(
    "an array of signals such as ['SIGTERM'], without SIGKILL and SIGSTOP, to which nobody can listen",
    (value) => Array.isArray(value) && value.every(isCatchable),
  ),
  timeoutMs: FLUSH_RULES.timeoutMs,
  drain: rule('a function', isFunction),
  propagator: rule(
    'a propagator, or null',
    (value) =>
      value === null ||
      ['inject', 'extract', 'fields'].every((key) => isFunction(Reflect.get(Object(value), key))),
  ),
};
