import { constants } from 'node:os';
import { context, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { hasContextManager } from '../active-context.ts';
import { FLUSH_RULES, rule } from '../option-rules.ts';
import { readOptions, refuse } from '../read-options.ts';
import { registeredProvider } from '../provider.ts';
import { alarm } from '../report.ts';
import type { ShutdownProvider } from './close-provider.ts';
import { beforeProcessEnd } from './process-end.ts';
import {
  ACQUIRE_RULES,
  acquire,
  type AcquireOptions,
  DEFAULT_TIMEOUT_MS,
  type ProviderLease,
} from './provider-lease.ts';
import { closeAll, untilNoneIsShared } from './shared-providers.ts';

const isCatchable = (signal: unknown): boolean =>
  Object.hasOwn(constants.signals, String(signal)) && signal !== 'SIGKILL' && signal !== 'SIGSTOP';

export interface StartOptions extends AcquireOptions {
  /** The signals at which tracing is shut down. Default `SIGTERM` and `SIGINT`. */
  signals?: readonly string[];
  /** Milliseconds that the shutdown may take when the process ends. Default 5000. */
  timeoutMs?: number;
  /** Registered together with the provider. Default: none, or the one that is registered already. */
  propagator?: TextMapPropagator;
}

const START_RULES = {
  ...ACQUIRE_RULES,
  signals: rule("an array of signals such as ['SIGTERM']", (value) => {
    return Array.isArray(value) && value.every(isCatchable);
  }),
  timeoutMs: FLUSH_RULES.timeoutMs,
  propagator: rule(
    'a propagator',
    (value) => typeof (value as TextMapPropagator | null)?.inject === 'function',
  ),
};

/**
 * Starts tracing in this process: acquires the provider as `acquireTracerProvider` does, and registers it and an
 * `AsyncLocalStorageContextManager` if they are not. However often it is called, and the calling module evaluated, the process has
 * one provider and one set of listeners.
 *
 * At `SIGTERM`, `SIGINT` and `beforeExit`, live spans end as `shutdown`, and all shared providers are flushed and shut
 * down. Then the process ends as it would have, with the same signal or exit code. An application that listens to the
 * signals itself, in order to let its work come to an end, gives `signals: []` and releases the lease after that.
 *
 * A provider that somebody else has registered stays; that is reported as an error.
 *
 * @throws TypeError (rejects) as `acquireTracerProvider` does
 * @example
 * const lease = await startTracing(() => new TracerProvider({
 *   spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())],
 * }));
 */
export async function startTracing<P extends ShutdownProvider>(
  build: () => P | Promise<P>,
  options?: StartOptions,
): Promise<ProviderLease<P>> {
  const {
    key,
    signals = ['SIGTERM', 'SIGINT'],
    timeoutMs = DEFAULT_TIMEOUT_MS,
    propagator,
  } = readOptions('startTracing()', options, START_RULES, refuse);
  const lease = await acquire('startTracing()', build, key);
  register(lease.provider);
  untilNoneIsShared(() => {
    const stopListening = beforeProcessEnd(signals, () => closeAll(timeoutMs));
    const isPropagatorOurs = propagator !== undefined && propagation.setGlobalPropagator(propagator);
    return () => {
      stopListening();
      if (isPropagatorOurs) propagation.disable();
    };
  });
  return lease;
}

function register(provider: ShutdownProvider): void {
  // The build may have registered it, or an earlier call. The answer is `false`, too, when two versions of the API do not agree.
  if (registeredProvider() !== provider && !trace.setGlobalTracerProvider(provider)) {
    alarm(
      'startTracing(): another tracer provider is registered, so that no span reaches this one; ' +
        'remove the other registration, and see that there is one version of @opentelemetry/api',
    );
  }
  if (!hasContextManager()) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
