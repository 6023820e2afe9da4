import { type Context, ROOT_CONTEXT, type Span, type SpanContext, trace } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';
import { listsInUse, type Listed } from './live-span-list.ts';
import type { Outcome } from './outcome.ts';

/** Ends every live span that `provider` made, as `shutdown`, but for those that `caller` runs in: their work waits for this. */
export function endSpansOf(provider: object, caller: Context = ROOT_CONTEXT): void {
  const around = new Set(lineOf(caller));
  settleLive({ kind: 'shutdown' }, (live) => {
    if (!around.has(live.info().spanId)) return live.provider === provider;
    for (const spanId of lineOf(live.active)) around.add(spanId);
    return false;
  });
}

/** The identities of the span of `context` and of its parent. One of an SDK tells that. */
function lineOf(context: Context): (string | undefined)[] {
  const read = () => {
    const span = trace.getSpan(context) as (Span & { parentSpanContext?: SpanContext }) | undefined;
    return [span?.spanContext().spanId, span?.parentSpanContext?.spanId];
  };
  return attempt('reading a span', read) ?? [];
}

/** Ends every live span that was begun under `family` in its trace, `ancestor` apart: children before their parents. */
export function endDescendants(ancestor: Listed, family: symbol, outcome: Outcome): void {
  const { traceId } = ancestor.info();
  settleLive(
    outcome,
    (live) => live !== ancestor && live.active.getValue(family) === true && live.info().traceId === traceId,
  );
}

/** The newest first, whatever instance has begun them: so children are asked about, and end, before their parents. */
function settleLive(outcome: Outcome, isMeant: (live: Listed) => boolean): void {
  const newestFirst = [...listsInUse].flatMap((spans) => [...spans]).sort((a, b) => b.order - a.order);
  const meant = newestFirst.filter((live) => attempt('looking at a live span', () => isMeant(live)));
  for (const live of meant) attempt('ending a live span', () => live.settle(outcome));
}
