import { SpanStatusCode } from '@opentelemetry/api';
import { WaterfallSpanExporter } from 'oncespan/console';
import type { ReceivedSpan } from '../../test/otlp-receiver.ts';

interface Outcome {
  readonly count: number;
  /** By worker: what it has begun, as `queue id attempt`. */
  readonly begun: ReadonlyMap<string, readonly string[]>;
  readonly killed: string;
  readonly spans: readonly ReceivedSpan[];
  readonly duplicates: number;
}

/** @returns whether nothing came twice, and nothing is lost but what the killed process held */
export function reportOn({ count, begun, killed, spans, duplicates }: Outcome): boolean {
  const attempts = spans.filter(({ name }) => name.startsWith('process '));
  const arrived = new Set(attempts.map(attemptOf));
  const lost = Array.from(
    begun,
    ([worker, all]) => [worker, all.filter((one) => !arrived.has(one))] as const,
  );
  const held = lost.flatMap(([worker, all]) => (worker === killed ? all : []));
  const unexplained = lost.flatMap(([worker, all]) => (worker === killed ? [] : all));

  const orders = spans.filter(({ name }) => name === 'place order');
  // An attempt of the killed process that did not arrive is missing from the trace of its order.
  const torn = new Set(held.map((attempt) => attempt.replace(/^receipts receipt-/, 'orders ').split(' ')[1]));
  const complete = count - torn.size;

  const endings = new Map<string, number>();
  for (const span of attempts) {
    const ending = `${span.name}: ${endingOf(span)}`;
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  }

  console.log('\nspans at the receiver');
  console.log(`  place order: ${orders.length} of ${count}`);
  for (const [ending, number] of Array.from(endings).toSorted()) console.log(`  ${ending}: ${number}`);
  console.log(`traces with every span that was begun: ${complete} of ${count}`);
  console.log(
    `lost with ${killed}, which was killed: ${held.length}, of the ${begun.get(killed)!.length} it had begun`,
  );
  console.log(`lost otherwise: ${unexplained.length}${unexplained.map((one) => `\n  ${one}`).join('')}`);
  console.log(`duplicates: ${duplicates}\n`);
  return duplicates === 0 && unexplained.length === 0 && orders.length === count;
}

function attemptOf({ attributes }: ReceivedSpan): string {
  const of = (key: string) => String(attributes[`messaging.${key}`]);
  return `${of('destination.name')} ${of('message.id')} ${of('bullmq.attempt')}`;
}

function endingOf({ statusCode, attributes }: ReceivedSpan): string {
  const outcome = attributes['oncespan.outcome'];
  if (outcome !== undefined) return String(outcome);
  return statusCode === SpanStatusCode.ERROR ? 'threw' : 'returned';
}

/** Draws the first trace that went through three processes. */
export async function drawTraceOf(spans: readonly ReceivedSpan[]): Promise<void> {
  const processesOf = (trace: readonly ReceivedSpan[]) => new Set(trace.map(processOf));
  const trace = spans
    .filter(({ parentSpanId }) => parentSpanId === undefined)
    .map((root) => spans.filter(({ traceId }) => traceId === root.traceId))
    .find((all) => processesOf(all).size === 3);
  if (trace === undefined) return console.log('no trace went through three processes');
  const exporter = new WaterfallSpanExporter();
  const ended = trace.map((span) => ({
    ...span,
    name: `${span.name} (${processOf(span)})`,
    spanContext: () => ({ traceId: span.traceId, spanId: span.spanId, traceFlags: 1 }),
    parentSpanContext:
      span.parentSpanId === undefined
        ? undefined
        : { traceId: span.traceId, spanId: span.parentSpanId, traceFlags: 1 },
    status: { code: span.statusCode },
    // To the producer, whose span is the parent.
    links: [],
    events: [],
  }));
  exporter.export(ended as never, () => {});
  await exporter.shutdown();
}

const processOf = ({ resource }: ReceivedSpan): string => String(resource['service.name']);
