// Two functions of AWS Lambda that reserve what has been ordered: one is asked over HTTP, the other gets messages of SQS. Each
// invocation has a span, which is exported before Lambda gets the answer. test/jobs/lambda.test.ts runs it.

import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { carrier, traceTask } from 'oncespan';
import { lambda, sqs } from 'oncespan/jobs';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

/** What is used here of the events and contexts of `@types/aws-lambda`. */
interface HttpEvent {
  readonly body: string;
}
interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
}
interface QueueEvent {
  readonly Records: readonly QueueRecord[];
}
interface InvocationContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

// Exports to the address in OTEL_EXPORTER_OTLP_ENDPOINT.
await startTracing(
  () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())] }),
);

const reserve = traceTask(async function reserve(article: string) {
  const response = await fetch(`${process.env['STOCK']}/${article}`, { method: 'POST', headers: carrier() });
  if (!response.ok) throw new RangeError(`${article}: ${await response.text()}`);
});

export const answerRequest = traceTask(async (event: HttpEvent, _context: InvocationContext) => {
  await reserve(event.body);
  return { statusCode: 201 };
}, lambda());

const reserveQueued = traceTask((record: QueueRecord) => reserve(record.body), sqs());

/** For an event source with `ReportBatchItemFailures`: SQS delivers again only what has failed. */
export const takeMessages = traceTask(async ({ Records }: QueueEvent, _context: InvocationContext) => {
  const results = await Promise.allSettled(Records.map((record) => reserveQueued(record)));
  const failed = Records.filter((_record, i) => results[i]!.status === 'rejected');
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}, lambda());
