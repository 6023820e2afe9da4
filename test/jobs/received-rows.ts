import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { SpanRow } from '../harness.ts';
import type { ReceivedSpan } from '../otlp-receiver.ts';

/** Rows of spans that came from other processes; `known` are names of spans by id, for parents and links. */
export function receivedRows(
  spans: readonly ReceivedSpan[],
  known: Readonly<Record<string, string>>,
): SpanRow[] {
  const nameOf = (id: string) => spans.find(({ spanId }) => spanId === id)?.name ?? known[id] ?? 'elsewhere';
  return spans.map((span) => ({
    name: span.name,
    ...(span.kind !== SpanKind.INTERNAL && { kind: SpanKind[span.kind] }),
    ...(span.parentSpanId !== undefined && { parent: nameOf(span.parentSpanId) }),
    ...(span.statusCode === SpanStatusCode.ERROR && {
      status: `ERROR ${span.statusMessage ?? ''}`.trim(),
    }),
    ...(Object.keys(span.attributes).length > 0 && { attributes: span.attributes as SpanRow['attributes'] }),
    ...(span.links.length > 0 && { links: span.links.map(({ spanId }) => nameOf(spanId)) }),
  }));
}
