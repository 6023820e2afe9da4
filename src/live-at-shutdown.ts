import { processWide } from './process-wide.ts';
import { attempt } from './report.ts';

/** Something with live spans. */
export interface LiveSpanHolder {
  /** Ends the live spans that `provider` made, as `shutdown`. */
  shutDown(provider: object): void;
}

/** Weakly: tracing instances come and go. One with live spans is kept by the work that it traces. */
const holders = processWide('live-spans', () => new Set<WeakRef<LiveSpanHolder>>());
// Some edge runtimes have neither; nothing is shut down there.
const collected =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<WeakRef<LiveSpanHolder>>((ref) => holders.delete(ref))
    : undefined;

/** Makes the live spans of `holder` known to whoever shuts a provider down. */
export function announce(holder: LiveSpanHolder): void {
  if (collected === undefined) return;
  const ref = new WeakRef(holder);
  holders.add(ref);
  collected.register(holder, ref);
}

/** Ends every live span that `provider` made, of all instances and all copies of this library, as `shutdown`. */
export function endLiveSpans(provider: object): void {
  for (const ref of holders) attempt('ending live spans', () => ref.deref()?.shutDown(provider));
}
