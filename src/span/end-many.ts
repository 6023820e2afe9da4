import { attempt } from '../platform/report.ts';
import { holders, type Listed } from './live-span-list.ts';
import type { Outcome } from './outcome.ts';

/** Ends every live span that `provider` made, as `shutdown`. */
export function endSpansOf(provider: object): void {
  settleLive({ kind: 'shutdown' }, (live) => live.provider === provider);
}

/** Ends every live span that was begun under `family` in its trace, `ancestor` apart: children before their parents. */
export function endDescendants(ancestor: Listed, family: symbol, outcome: Outcome): void {
  const { traceId } = ancestor.info();
  settleLive(
    outcome,
    (live) => live !== ancestor && live.active.getValue(family) === true && live.info().traceId === traceId,
  );
}

function settleLive(outcome: Outcome, isMeant: (live: Listed) => boolean): void {
  // Who holds spans of another instance that has begun them most often came to hold them later.
  for (const holder of Array.from(holders).reverse())
    attempt('ending live spans', () => holder.settle(outcome, isMeant));
}
