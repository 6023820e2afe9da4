import { context, type ContextManager, ProxyTracerProvider, trace } from '@opentelemetry/api';
import { hasContextManager } from '../../platform/context.ts';
import { readOptions, refuse } from '../../options/check.ts';
import { registeredProvider } from '../../platform/provider.ts';
import { attempt, inWords, report, reportLoudly } from '../../platform/report.ts';
import { findVersionClash } from './api-registrations.ts';
import type { ShutdownProvider } from './shut-down-provider.ts';
import { drainWithin } from './drain.ts';
import { environmentVariable } from '../../platform/environment-variable.ts';
import { beforeProcessEnd } from './process-end.ts';
import { registerPropagator } from './propagators.ts';
import { acquire, DEFAULT_RELEASE_MS, type ProviderLease } from './provider-lease.ts';
import { shutDownAll, flushAll, handAllOver, untilNoneIsShared } from './shared-providers.ts';
import { knownOf } from './signals.ts';
import { START_RULES, type StartOptions } from './start-options.ts';

export type { StartOptions } from './start-options.ts';

export interface StartTracing {
  /**
   * Starts tracing in this process: acquires the provider as `acquireTracerProvider` does, and registers it, a context
   * manager and a propagator where none is registered. However often it is called, and the calling module evaluated, the
   * process has one provider and one set of listeners. Beside another SDK, call it last.
   *
   * At `SIGTERM` and `SIGINT` all shared providers are flushed, live spans end as `shutdown`, and the providers are shut
   * down. At `beforeExit` live spans end at once. Then the process ends as it would have, with the same signal or exit code. With `drain`, that
   * is called at the signal and waited for, with tracing on. Without it, a job that starts during the very last export
   * makes no span. A second signal is not held up.
   *
   * A signal that the application listens to is its own. Without `drain` nothing ends at it: what is live goes on, and
   * what ends is flushed within a moment, until `beforeExit`, the last release, or the signal once more with nobody else
   * listening. `process.exit()` waits for nobody: what the exporter cannot write on the spot is lost, unless whoever calls
   * it has awaited `lease.release()`, or `drain` has told when the work is over.
   *
   * Worker threads get no signals: there spans arrive when the worker ends by itself or releases its lease, so the main
   * thread asks it to, by a message in its `drain`, and waits for `exit` rather than calling `terminate()`.
   *
   * A provider that somebody else has registered stays; that is reported as an error, also on the console. So is another
   * version of `@opentelemetry/api` that was there first. With `OTEL_SDK_DISABLED=true` nothing is built: the lease is of
   * a provider that does nothing.
   * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
   *
   * @throws TypeError (rejects) as `acquireTracerProvider` does
   * @example
   * const lease = await startTracing(() => new TracerProvider({
   *   spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())],
   * }));
   */
  <P extends ShutdownProvider>(
    build: () => P | Promise<P>,
    options?: StartOptions,
  ): Promise<ProviderLease<P>>;
}

/** Binds {@link StartTracing} to what follows a context on the host: not everything loads everywhere. */
export function startTracingOn(
  makeContextManager: () => ContextManager | Promise<ContextManager>,
): StartTracing {
  return async <P extends ShutdownProvider>(build: () => P | Promise<P>, options?: StartOptions) => {
    const {
      key,
      signals = ['SIGTERM', 'SIGINT'],
      timeoutMs = DEFAULT_RELEASE_MS,
      drain,
      propagator,
    } = readOptions('startTracing()', options, START_RULES, refuse);
    const isDisabled = isSdkDisabled();
    const buildOrNot = isDisabled ? () => providerThatDoesNothing() as P : build;
    const lease = await acquire('startTracing()', buildOrNot, key);
    try {
      if (!isDisabled) registerProvider(lease.provider);
      if (!hasContextManager()) {
        const manager = await makeContextManager();
        // Meanwhile another call may have.
        if (!hasContextManager()) context.setGlobalContextManager(manager.enable());
      }
      untilNoneIsShared(() => {
        const takeBack = registerPropagator(propagator);
        const stopListening = attempt('listening to the end of the process', () =>
          beforeProcessEnd({
            signals: knownOf(signals),
            timeoutMs,
            drain: drain && (() => drainWithin(timeoutMs, drain)),
            flush: flushAll,
            shutDown: shutDownAll,
            handOver: handAllOver,
          }),
        );
        return () => {
          stopListening?.();
          takeBack?.();
        };
      });
    } catch (error) {
      await lease.release();
      throw error;
    }
    return lease;
  };
}

/** What it has not got is a function that does nothing: the application's own use of its provider must not fail. */
function providerThatDoesNothing(): ShutdownProvider {
  const provider: ShutdownProvider = {
    getTracer: (...scope) => new ProxyTracerProvider().getTracer(...scope),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  return new Proxy(provider, {
    get: (target, key) => Reflect.get(target, key) ?? (key === 'then' ? undefined : () => {}),
  });
}

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#boolean */
function isSdkDisabled(): boolean {
  const name = 'OTEL_SDK_DISABLED';
  const text = environmentVariable(name)?.toLowerCase();
  if (text !== undefined && text !== 'true' && text !== 'false') {
    report(`${name} is ${inWords(text)}; give true or false; false is used`);
  }
  return text === 'true';
}

function registerProvider(provider: ShutdownProvider): void {
  // The build may have registered it, or an earlier call.
  if (registeredProvider() === provider) return;
  const clash = attempt('comparing versions of @opentelemetry/api', findVersionClash);
  if (clash !== undefined) {
    const { registered, imported } = clash;
    reportLoudly(
      `startTracing(): nothing that is registered here takes effect, and no span reaches this tracer provider: version ${registered} ` +
        `of @opentelemetry/api was there first (an agent, a second copy in node_modules), and ${imported} is imported ` +
        `here. Use one version: install @opentelemetry/api@${registered} and have package.json say ` +
        `"overrides": { "@opentelemetry/api": "$@opentelemetry/api" } (Yarn: "resolutions", with "${registered}"), ` +
        'or update what was there first',
    );
  } else if (!trace.setGlobalTracerProvider(provider)) {
    reportLoudly(
      'startTracing(): another tracer provider is registered, so that no span reaches this one; ' +
        'remove the other registration',
    );
  }
}
