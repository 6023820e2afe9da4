import type { AsyncDisposal } from '../../platform/disposal.ts';
import { aName, FLUSH_RULES, type Rule } from '../../options/check.ts';
import { readOptions, refuse, tolerate } from '../../options/check.ts';
import { inWords } from '../../platform/report.ts';
import type { ShutdownProvider } from './shut-down-provider.ts';
import { share } from './shared-providers.ts';

/**
 * Which provider is shared.
 *
 * @example
 * await acquireTracerProvider(buildProvider, { key: 'audit' });
 */
export interface AcquireOptions {
  /**
   * Names one of several shared providers.
   *
   * @default `default`
   */
  key?: string;
}

/**
 * How long a release may take.
 *
 * @example
 * await lease.release({ timeoutMs: 2000 });
 */
export interface ReleaseOptions {
  /**
   * Milliseconds that flush and shutdown may take together, if this is the last release.
   *
   * @default 5000
   */
  timeoutMs?: number;
}

const DEFAULT_KEY = 'default';
export const DEFAULT_RELEASE_MS = 5000;

export const ACQUIRE_RULES: { readonly key: Rule } = {
  key: aName,
};
const RELEASE_RULES = { timeoutMs: FLUSH_RULES.timeoutMs };

/**
 * A share of a provider. The provider lives until the last lease has been released. `await using` releases it.
 *
 * @example
 * await using lease = await acquireTracerProvider(buildProvider);
 */
export interface ProviderLease<P extends ShutdownProvider = ShutdownProvider> extends AsyncDisposal {
  /** The provider that was built, by whichever acquire was the first. */
  readonly provider: P;
  /**
   * Gives the share back; doing so again changes nothing. The last release ends the provider's live spans as `shutdown`,
   * unregisters it, flushes it and shuts it down, and resolves then. Never rejects: failures are reported.
   *
   * @example
   * await lease.release();
   */
  release(options?: ReleaseOptions): Promise<void>;
}

class Lease<P extends ShutdownProvider> implements ProviderLease<P> {
  readonly provider: P;
  readonly #giveBack: (timeoutMs: number) => Promise<void>;
  #released: Promise<void> | undefined;

  constructor(provider: P, giveBack: (timeoutMs: number) => Promise<void>) {
    this.provider = provider;
    this.#giveBack = giveBack;
  }

  release(options?: ReleaseOptions): Promise<void> {
    const { timeoutMs = DEFAULT_RELEASE_MS } = readOptions('release()', options, RELEASE_RULES, tolerate);
    return (this.#released ??= this.#giveBack(timeoutMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/**
 * A share of the process's tracer provider. Only the first acquire builds it; those that come during the build wait for
 * it, and those that come during a shutdown wait for its end and build afresh. So it survives hot reload, whichever of
 * the old and the new module releases or acquires first, and a module that is loaded twice.
 *
 * Registering the provider is up to you, or to `startTracing`. An OTLP exporter leaves its keep-alive sockets open when
 * it is shut down: if you build often, give it an agent that outlives it (`httpAgentOptions: () => agent`).
 *
 * @throws TypeError (rejects) for a wrong option or something that is not a provider; and with what `build` failed with,
 * which the next acquire tries again
 * @example
 * const lease = await acquireTracerProvider(() => new TracerProvider({ spanProcessors }));
 */
export async function acquireTracerProvider<P extends ShutdownProvider>(
  build: () => P | Promise<P>,
  options?: AcquireOptions,
): Promise<ProviderLease<P>> {
  const { key } = readOptions('acquireTracerProvider()', options, ACQUIRE_RULES, refuse);
  return acquire('acquireTracerProvider()', build, key);
}

/** @param where names the caller in an error */
export async function acquire<P extends ShutdownProvider>(
  where: string,
  build: () => P | Promise<P>,
  key = DEFAULT_KEY,
): Promise<ProviderLease<P>> {
  if (typeof build !== 'function')
    refuse(`${where}: ${inWords(build)} is not a function; give one that builds the provider`);
  const { provider, giveBack } = await share(key, async () => {
    const built = await build();
    const { getTracer, shutdown } = (built ?? {}) as Partial<P>;
    if (typeof getTracer !== 'function' || typeof shutdown !== 'function') {
      refuse(`${where}: what was built has no getTracer() and shutdown(); return the tracer provider itself`);
    }
    return built;
  });
  return new Lease(provider, giveBack);
}
