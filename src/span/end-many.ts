import type { Context } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';
import { listsInUse, type Listed } from './live-span-list.ts';
import type { Outcome } from './outcome.ts';
import { lineOf } from './parentage.ts';

/** Ends every live span that `provider` made, as `shutdown`, but for those that `caller` runs in: their work waits for this. */
export function endSpansOf(provider: object, caller?: Context): void {
  const waiting = caller && spanIdsAround(caller);
  settleLive(
    { kind: 'shutdown' },
    (live) => live.provider === provider && waiting?.has(lineOf(live.active).spanId) !== true,
  );
}

/** The identities of the span of `caller` and of those above it, as far as live ones tell. */
function spanIdsAround(caller: Context): Set<string | undefined> {
  const own = lineOf(caller);
  const live = [...listsInUse].flatMap((spans) => Array.from(spans, ({ active }) => lineOf(active)));
  const parents = new Map([...live, own].map(({ spanId, parentSpanId }) => [spanId, parentSpanId]));
  const around = new Set<string | undefined>();
  for (let id = own.spanId; id !== undefined && !around.has(id); id = parents.get(id)) around.add(id);
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
