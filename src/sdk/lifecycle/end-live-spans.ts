import { endSpansOf } from '../../span/end-many.ts';
import { registeredProvider } from '../../platform/provider.ts';

/**
 * Ends every live span of the registered provider as `shutdown`. For applications that shut an SDK of their own down;
 * `startTracing`, a lease and the Nest module do it by themselves.
 *
 * @example
 * endLiveSpans();
 * await sdk.shutdown();
 */
export function endLiveSpans(): void {
  const provider = registeredProvider();
  if (provider !== undefined) endSpansOf(provider);
}
