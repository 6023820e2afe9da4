import { builtinModule } from './builtin-module.ts';
import { attempt } from './report.ts';

type Act = () => void;

interface Holder {
  readonly AsyncLocalStorage?: { snapshot?(): (act: Act) => void };
}

/**
 * What the host knows a request by, and the OpenTelemetry context is only a part of: Next.js keeps more in an
 * `AsyncLocalStorage` of its own.
 *
 * @returns a function that acts in what is active now; at once, and as it is then, where the host has no such thing
 */
export function captureAsyncContext(): (act: Act) => void {
  const holders = [globalThis as Holder, builtinModule('node:async_hooks') as Holder | undefined];
  const storage = holders.find((holder) => holder?.AsyncLocalStorage?.snapshot)?.AsyncLocalStorage;
  return attempt('AsyncLocalStorage.snapshot()', () => storage?.snapshot?.()) ?? ((act) => act());
}
