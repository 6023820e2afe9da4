import { attempt } from '../platform/report.ts';
import { listsInUse, type Listed } from './live-span-list.ts';
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

/** The newest first, whatever instance has begun them: so children come before their parents. */
function settleLive(outcome: Outcome, isMeant: (live: Listed) => boolean): void {
  const meant: Listed[] = [];
  for (const spans of listsInUse)
    for (const live of spans) if (attempt('looking at a live span', () => isMeant(live))) meant.push(live);
  meant.sort((a, b) => b.order - a.order);
  for (const live of meant) attempt('ending a live span', () => live.settle(outcome));
}
