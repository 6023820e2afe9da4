import { processWide } from '../platform/process-wide.ts';
import { attempt } from '../platform/report.ts';

/** Something with live spans. */
export interface LiveSpanHolder {
  /** Ends the live spans that `provider` made, as `shutdown`. */
  shutDown(provider: object): void;
}

/** All that have live spans now, of every instance and every copy of this library. */
export const holders = /* @__PURE__ */ processWide('live-spans', () => new Set<LiveSpanHolder>());

/** Ends every live span that `provider` made, as `shutdown`. */
export function endSpansOf(provider: object): void {
  for (const holder of holders) attempt('ending live spans', () => holder.shutDown(provider));
}
