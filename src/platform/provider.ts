import { ProxyTracerProvider, trace, type TracerProvider } from '@opentelemetry/api';
import { attempt, handleRejection, report } from './report.ts';

/** What the API answers as long as no SDK is registered. Learnt from a proxy of our own: the class is not exported. */
const NOOP_PROVIDER: TracerProvider | undefined = /* @__PURE__ */ attempt('ProxyTracerProvider', () =>
  new ProxyTracerProvider().getDelegate(),
);

/**
 * The provider that is registered now, not the API's proxy in front of it: only the provider itself has `forceFlush`,
 * and its identity tells when another one has been registered.
 *
 * @returns `undefined` when none is
 */
export function registeredProvider(): TracerProvider | undefined {
  return withoutProxy(trace.getTracerProvider());
}

function withoutProxy(given: TracerProvider): TracerProvider | undefined {
  const proxy = given as TracerProvider & { getDelegate?: () => TracerProvider };
  try {
    // Feature-detected: the proxy is deprecated upstream.
    const provider = typeof proxy.getDelegate === 'function' ? proxy.getDelegate() : given;
    if (provider === NOOP_PROVIDER) return undefined;
    if (typeof provider?.getTracer === 'function') return provider;
    // Perhaps a promise, which may reject.
    handleRejection('provider.getDelegate()', provider);
  } catch (error) {
    report('provider.getDelegate() threw', error);
  }
  return undefined;
}

/** @param given by the application; default: the registered one */
export function providerOf(given: TracerProvider | undefined): TracerProvider | undefined {
  return given === undefined ? registeredProvider() : withoutProxy(given);
}

const shutDown = /* @__PURE__ */ new WeakSet<object>();

/** Remembers that a provider has been shut down by us. */
export function noteShutDown(provider: object): void {
  shutDown.add(provider);
}

export function isShutDown(provider: object): boolean {
  return shutDown.has(provider);
}
