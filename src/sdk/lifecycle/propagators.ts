import { propagation, type TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { attempt, report } from '../../platform/report.ts';
import { registrations } from './api-registrations.ts';
import { environmentVariable } from '../../platform/environment-variable.ts';

const BY_NAME: ReadonlyMap<string, () => TextMapPropagator> = new Map([
  ['tracecontext', () => new W3CTraceContextPropagator()],
  ['baggage', () => new W3CBaggagePropagator()],
]);

/**
 * Registers a propagator, where none is registered: the one given, else those that `OTEL_PROPAGATORS` names.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
 *
 * @param given `null` for none
 * @returns a function that takes it back, if it was registered
 */
export function registerPropagator(given: TextMapPropagator | null | undefined): (() => void) | undefined {
  // One that cannot be asked is one, too.
  if (attempt('propagation.fields()', () => propagation.fields().length) !== 0) {
    if (given) report('startTracing(): a propagator is registered already; option "propagator" is ignored');
    return undefined;
  }
  const propagator = given === undefined ? fromEnvironment() : given;
  if (!propagator || !propagation.setGlobalPropagator(propagator)) return undefined;
  // Unless somebody has registered another one since.
  return () => registrations()?.propagation === propagator && propagation.disable();
}

function fromEnvironment(): TextMapPropagator | undefined {
  const names = new Set(
    (environmentVariable('OTEL_PROPAGATORS') ?? 'tracecontext,baggage').toLowerCase().split(/[\s,]+/),
  );
  if (names.has('none')) return undefined;
  const propagators: TextMapPropagator[] = [];
  for (const name of names) {
    const make = BY_NAME.get(name);
    if (make !== undefined) propagators.push(make());
    else if (name !== '') {
      const known = `${Array.from(BY_NAME.keys()).join(', ')}, none`;
      report(
        `OTEL_PROPAGATORS names '${name}', which is none of ${known}; give startTracing() the option propagator`,
      );
    }
  }
  return propagators.length === 0 ? undefined : new CompositePropagator({ propagators });
}
