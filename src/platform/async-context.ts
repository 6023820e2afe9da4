import { builtinModule } from './builtin-module.ts';
import { attempt } from './report.ts';

type Act = () => void;

/** What is used here of the class `AsyncLocalStorage`. */
export interface AsyncLocalStorageClass {
  new (): { getStore(): unknown; run<R>(store: unknown, fn: () => R): R };
  snapshot?(): (act: Act) => void;
}

type Holder = { readonly AsyncLocalStorage?: AsyncLocalStorageClass } | undefined;

/** @param hooks where it is looked for first: a module that only the caller can import */
export function findAsyncLocalStorage(hooks?: unknown): AsyncLocalStorageClass | undefined {
  const holders = [hooks, globalThis, builtinModule('node:async_hooks')] as Holder[];
  return holders.find((holder) => holder?.AsyncLocalStorage)?.AsyncLocalStorage;
}

/**
 * What the host knows a request by, and the OpenTelemetry context is only a part of: Next.js keeps more in an
 * `AsyncLocalStorage` of its own.
 *
 * @returns a function that acts in what is active now; at once, and as it is then, where the host has no such thing
 */
export function captureAsyncContext(): (act: Act) => void {
  const snapshot = attempt('AsyncLocalStorage.snapshot()', () => findAsyncLocalStorage()?.snapshot?.());
  return snapshot ?? ((act) => act());
}
