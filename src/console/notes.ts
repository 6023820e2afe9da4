import { type AttributeValue, SpanStatusCode } from '@opentelemetry/api';
import { writtenOutcome } from '../options/settings.ts';
import type { EndedSpan } from './ended-span.ts';
import { plainText } from './text.ts';

/** Something to be said about a span in a line of its own. */
export interface Note {
  readonly text: string;
  readonly style: 'red' | 'yellow' | 'magenta';
}

/** How the work of a span ended, unless it was a plain success. */
export function endingOf({ attributes, events, status }: EndedSpan): Note | undefined {
  const outcome = textOf(writtenOutcome(attributes));
  const failed = status.code === SpanStatusCode.ERROR;
  if (outcome === '' && !failed) return undefined;
  // An application may have recorded the errors of earlier attempts.
  const exception = events.findLast(({ name }) => name === 'exception')?.attributes;
  const type = textOf(exception?.['exception.type']) || textOf(attributes['error.type']);
  const message = textOf(status.message) || textOf(exception?.['exception.message']);
  // The type of the error says no more than the outcome does.
  const said =
    Array.from(new Set([outcome || type, message]))
      .filter(Boolean)
      .join(': ') || 'error';
  return failed && outcome !== 'aborted'
    ? { text: `✗ ${said}`, style: 'red' }
    : { text: `⊘ ${said}`, style: 'yellow' };
}

/** What a span is linked to: other traces, with the names of their roots where they are known. */
export function linksOf(
  span: EndedSpan,
  nameOfTrace: (traceId: string) => string | undefined,
): Note | undefined {
  const { links, parentSpanContext: parent } = span;
  if (links.length === 0) return undefined;
  const { traceId: own } = span.spanContext();
  const linked = links.map(({ context: { traceId, spanId } }) => {
    // Consumers of messages are linked to their producer also where that is their parent.
    if (traceId === own) return spanId === parent?.spanId ? 'its parent' : 'its own trace';
    const name = nameOfTrace(traceId);
    return name === undefined ? `trace ${shortId(traceId)}` : `${name} (trace ${shortId(traceId)})`;
  });
  return { text: `→ linked to ${Array.from(new Set(linked)).join(', ')}`, style: 'magenta' };
}

/** The beginning of an id: enough to tell traces apart on one screen. */
export function shortId(traceId: string): string {
  return plainText(traceId).slice(0, 8);
}

function textOf(value: AttributeValue | undefined): string {
  return typeof value === 'string' ? plainText(value) : '';
}
