// Kafka with kafkajs: a span for each message that is sent, and one for each message, or batch of messages, that is received.
// test/jobs/kafka.test.ts runs it.

import { SpanKind } from '@opentelemetry/api';
import type { EachBatchPayload, EachMessagePayload, Producer } from 'kafkajs';
import { carrier, traceTask } from 'oncespan';

export const sendOrder = traceTask(
  (producer: Pick<Producer, 'send'>, order: object) =>
    producer.send({ topic: 'orders', messages: [{ value: JSON.stringify(order), headers: carrier() }] }),
  { name: 'send orders', kind: SpanKind.PRODUCER },
);

/** For `consumer.run({ eachMessage })`: each message in the trace of its producer. */
export const eachMessage = (ship: (order: object) => Promise<void>) =>
  traceTask(async ({ message }: EachMessagePayload) => ship(JSON.parse(String(message.value)) as object), {
    name: ({ topic }) => `process ${topic}`,
    kind: SpanKind.CONSUMER,
    from: ({ message }) => message.headers,
  });

/** For `consumer.run({ eachBatch })`: one span for the batch, linked to those of the producers. */
export const eachBatch = (ship: (orders: object[]) => Promise<void>) =>
  traceTask(
    async ({ batch }: EachBatchPayload) =>
      ship(batch.messages.map(({ value }) => JSON.parse(String(value)) as object)),
    {
      name: ({ batch }) => `process ${batch.topic}`,
      kind: SpanKind.CONSUMER,
      attributes: ({ batch }) => ({ 'messaging.batch.message_count': batch.messages.length }),
      links: ({ batch }) => batch.messages.map(({ headers }) => headers),
    },
  );
