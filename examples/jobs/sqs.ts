// Mails over Amazon SQS, with sqs-consumer: a span for each mail that is queued, and one for each attempt to send a mail or a batch.
// test/jobs/sqs.test.ts runs it. For SQS in Lambda see examples/jobs/lambda.ts.

import { type Message, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { SpanKind } from '@opentelemetry/api';
import { carrier, traceTask } from 'oncespan';
import { sqs } from 'oncespan/jobs';
import { Consumer, type ConsumerOptions } from 'sqs-consumer';

type Deliver = (mail: string) => Promise<void>;

export const enqueue = traceTask(
  async (client: SQSClient, queueUrl: string, mail: string) => {
    const headers = Object.entries(carrier()).map(([name, StringValue]) => [
      name,
      { DataType: 'String', StringValue },
    ]);
    const MessageAttributes = Object.fromEntries(headers);
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: mail, MessageAttributes }));
  },
  { name: 'send mail', kind: SpanKind.PRODUCER },
);

/** SQS hands over what is asked for, and nothing else. */
const WITH_TRACES = {
  messageAttributeNames: ['traceparent', 'tracestate', 'baggage'],
  messageSystemAttributeNames: ['AWSTraceHeader', 'ApproximateReceiveCount'],
} satisfies Partial<ConsumerOptions>;

/** Messages do not say which queue they come from. */
const NAMED = { name: 'process mail', attributes: { 'messaging.destination.name': 'mail' } };

const sender = (deliver: Deliver) =>
  traceTask(async (message: Message) => {
    await deliver(message.Body!);
    return message;
  }, sqs(NAMED));

/** One message after the other. Those that are answered are deleted. */
export function startConsumer(client: SQSClient, queueUrl: string, deliver: Deliver): Consumer {
  const consumer = Consumer.create({
    ...WITH_TRACES,
    sqs: client,
    queueUrl,
    handleMessage: sender(deliver),
  });
  consumer.start();
  return consumer;
}

/** Up to ten at once: a span for the batch, linked to the producers, and below it one for each message. */
export function startBatchConsumer(
  client: SQSClient,
  queueUrl: string,
  deliver: Deliver,
  options?: Pick<ConsumerOptions, 'waitTimeSeconds'>,
): Consumer {
  const send = sender(deliver);
  const sendAll = async (messages: Message[]) => {
    const results = await Promise.allSettled(messages.map((message) => send(message)));
    return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  };
  const consumer = Consumer.create({
    ...WITH_TRACES,
    sqs: client,
    queueUrl,
    batchSize: 10,
    ...options,
    handleMessageBatch: traceTask(sendAll, sqs({ ...NAMED, name: 'process mails' })),
  });
  consumer.start();
  return consumer;
}
