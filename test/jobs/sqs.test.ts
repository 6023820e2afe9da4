import { once } from 'node:events';
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { type Attributes, propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Consumer } from 'sqs-consumer';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { enqueue, startBatchConsumer, startConsumer } from '../../examples/jobs/sqs.ts';
import { withSpan } from '../../src/index.ts';
import { record } from '../harness.ts';
import { useSqs } from '../servers/sqs.ts';

// examples/jobs/sqs.ts on a server that speaks as SQS does.

const server = useSqs();
let queues = 0;

beforeEach(() => void propagation.setGlobalPropagator(new W3CTraceContextPropagator()));
afterEach(() => propagation.disable());

/** An empty queue, which is empty again at the end of the test. */
async function open(seconds = '1') {
  const { client } = server;
  const { QueueUrl } = await client.send(
    new CreateQueueCommand({
      QueueName: `mail-${++queues}`,
      // Seconds until a message that was not deleted comes again.
      Attributes: { VisibilityTimeout: seconds },
    }),
  );
  onTestFinished(async () => {
    const AttributeNames = ['ApproximateNumberOfMessages' as const];
    const { Attributes: left } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames }),
    );
    expect(left).toEqual({ ApproximateNumberOfMessages: '0' });
  });
  return { client, queueUrl: QueueUrl! };
}

async function stop(consumer: Consumer): Promise<void> {
  const stopped = once(consumer, 'stopped');
  consumer.stop({ abort: true });
  await stopped;
}

const sent = { name: 'send mail', kind: 'PRODUCER' };
const processing = (others: Attributes): Attributes => ({
  'messaging.system': 'aws_sqs',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  'messaging.destination.name': 'mail',
  'messaging.message.id': expect.any(String),
  'messaging.aws_sqs.attempt': 1,
  ...others,
});
const processed = { name: 'process mail', kind: 'CONSUMER', attributes: processing({}) };
const failed = {
  status: 'ERROR mailbox full',
  attributes: processing({ error: true, 'error.type': 'RangeError' }),
  exceptions: ['RangeError: mailbox full'],
};
const full = async () => {
  throw new RangeError('mailbox full');
};

test('a message that is processed, in the trace of who has queued it, not in that of who has started the consumer', async () => {
  const { client, queueUrl } = await open();
  const { rows } = record();
  const delivered: string[] = [];
  const consumer = withSpan('boot', () =>
    startConsumer(client, queueUrl, async (mail) => void delivered.push(mail)),
  );
  const processedOne = once(consumer, 'message_processed');
  await enqueue(client, queueUrl, 'to Ada');
  await processedOne;
  await stop(consumer);
  expect(delivered).toEqual(['to Ada']);
  expect(rows()).toEqual([
    { name: 'boot' },
    sent,
    { ...processed, parent: 'send mail', links: ['send mail'] },
  ]);
});

test('a message that fails, and comes again in a trace of its own', async () => {
  const { client, queueUrl } = await open();
  const { rows, spans } = record();
  const turns = [full, async () => {}];
  await enqueue(client, queueUrl, 'to Ada');
  const consumer = startConsumer(client, queueUrl, () => turns.shift()!());
  const [[error]] = await Promise.all([
    once(consumer, 'processing_error'),
    once(consumer, 'message_processed'),
  ]);
  await stop(consumer);
  expect((error as Error).message).toBe('Unexpected message handler failure: mailbox full');
  expect(rows()).toEqual([
    sent,
    { ...processed, ...failed, parent: 'send mail', links: ['send mail'] },
    { ...processed, attributes: processing({ 'messaging.aws_sqs.attempt': 2 }), links: ['send mail'] },
  ]);
  const [first, , again] = spans().map((span) => span.spanContext().traceId);
  expect(again).not.toBe(first);
});

test('a message from a service of AWS, which passes on the trace in its own header', async () => {
  const { client, queueUrl } = await open();
  const { rows, spans } = record();
  const StringValue = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
  await client.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: 'to Ada',
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue } },
    }),
  );
  const consumer = startConsumer(client, queueUrl, async () => {});
  await once(consumer, 'message_processed');
  await stop(consumer);
  expect(rows()).toEqual([{ ...processed, parent: 'elsewhere', links: ['elsewhere'] }]);
  const producer = { traceId: '5759e988bd862e3fe1be46a994272793', spanId: '53995c3f42cd8ad8' };
  expect(spans()[0]!.parentSpanContext).toMatchObject(producer);
  expect(spans()[0]!.links[0]!.context).toMatchObject(producer);
});

test('a batch: a span linked to who has queued its messages, with one for each; those that failed come again', async () => {
  // Longer than this server waits for a batch that is not full: it would hand over a message twice.
  const { client, queueUrl } = await open('3');
  const { rows } = record();
  await enqueue(client, queueUrl, 'to Ada');
  await enqueue(client, queueUrl, 'to Grace');
  const turns = [async () => {}, full, async () => {}];
  const consumer = startBatchConsumer(client, queueUrl, () => turns.shift()!(), { waitTimeSeconds: 1 });
  await new Promise<void>((resolve) => {
    consumer.on('response_processed', () => turns.length === 0 && resolve());
  });
  await stop(consumer);
  const batch = (size: number) => {
    const { 'messaging.message.id': _id, 'messaging.aws_sqs.attempt': _attempt, ...common } = processing({});
    const attributes = { ...common, 'messaging.batch.message_count': size };
    return { name: 'process mails', kind: 'CONSUMER', attributes };
  };
  const below = { parent: 'process mails', links: ['send mail'] };
  expect(rows()).toEqual([
    sent,
    sent,
    { ...processed, ...below },
    { ...processed, ...failed, ...below },
    { ...batch(2), links: ['send mail', 'send mail'] },
    { ...processed, ...below, attributes: processing({ 'messaging.aws_sqs.attempt': 2 }) },
    { ...batch(1), links: ['send mail'] },
  ]);
});
