import { ProxyTracerProvider, trace, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { attempt } from './report.ts';

/** What the API answers as long as no SDK is registered. Learnt from a proxy of our own: the class is not exported. */
const NOOP_PROVIDER: TracerProvider | undefined = attempt('ProxyTracerProvider', () =>
  new ProxyTracerProvider().getDelegate(),
);

/**
 * The provider that is registered now, not the API's proxy in front of it: only the provider itself has `forceFlush`,
 * and its identity tells when another one has been registered.
 *
 * @returns `undefined` when none is
 */
export function registeredProvider(): TracerProvider | undefined {
  const global = trace.getTracerProvider() as TracerProvider & { getDelegate?: () => TracerProvider };
  // Feature-detected: the proxy is deprecated upstream.
  const provider = typeof global.getDelegate === 'function' ? global.getDelegate() : global;
  return provider === NOOP_PROVIDER ? undefined : provider;
}

/**
 * Looks the tracer up once per registered provider. A tracer sticks to the provider that made it, so keeping one for
 * longer would send spans to a provider that has been replaced or shut down.
 */
export class TracerSource {
  #name = 'oncespan';
  #version: string | undefined;
  /** The one that made the tracer. */
  provider: TracerProvider | undefined;
  #tracer: Tracer | undefined;

  /** Names the instrumentation scope of the tracers from now on. */
  identify(name = this.#name, version = this.#version): void {
    this.#name = name;
    this.#version = version;
    this.provider = undefined;
    this.#tracer = undefined;
  }

  /** @returns `undefined` when no provider is registered: there is nothing to trace with. */
  tracer(): Tracer | undefined {
    const provider = registeredProvider();
    if (provider !== this.provider) {
      this.#tracer =
        provider && attempt('provider.getTracer()', () => provider.getTracer(this.#name, this.#version));
      // One that failed is asked again at the next call.
      this.provider = this.#tracer && provider;
    }
    return this.#tracer;
  }
}
