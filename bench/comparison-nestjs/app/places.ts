import { context, trace } from '@opentelemetry/api';

const seen = new Map<string, string | undefined>();

/** Notes which trace a line of a log would name here. */
export function note(place: string): void {
  seen.set(place, trace.getSpanContext(context.active())?.traceId);
}

/** By place: the id of the trace, or `null`. */
export function takeNotes(): Record<string, string | null> {
  const notes = Object.fromEntries([...seen].map(([place, traceId]) => [place, traceId ?? null]));
  seen.clear();
  return notes;
}
