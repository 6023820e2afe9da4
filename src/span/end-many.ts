import type { Context } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';
import { listsInUse, type Listed } from './live-span-list.ts';
import type { Outcome } from './outcome.ts';
import { lineOf } from './parentage.ts';

/** Ends every live span that `provider` made, as `shutdown`, but for those that `caller` runs in: their work waits for this. */
export function endSpansOf(provider: object, caller?: Context): void {
  const around = new Set(caller && spanIdsAround(caller));
  settleLive({ kind: 'shutdown' }, (live) => live.provider === provider && !around.has(live.info().spanId));
}

/** The identities of the span of `caller` and of those above it, as far as live ones tell. */
function spanIdsAround(caller: Context): Set<string | undefined> {
  const around = new Set(lineOf(caller));
  const newestFirst = [...listsInUse].flatMap((spans) => [...spans]).sort((a, b) => b.order - a.order);
  for (const { active } of newestFirst) {
    const [spanId, parentSpanId] = lineOf(active);
    if (around.has(spanId)) around.add(parentSpanId);
  }
  return around;
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
