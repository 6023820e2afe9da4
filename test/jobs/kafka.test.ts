import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { EachBatchPayload, EachMessagePayload, KafkaMessage, ProducerRecord } from 'kafkajs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eachBatch, eachMessage, sendOrder } from '../../examples/jobs/kafka.ts';
import { record } from '../harness.ts';

// Kafka itself needs Java. What kafkajs gives to its producer, and gets from its consumer, is what is tried here.

beforeEach(() => void propagation.setGlobalPropagator(new W3CTraceContextPropagator()));
afterEach(() => propagation.disable());

/** What has been sent, as it comes back: values and headers are bytes. */
async function sentOrders(...orders: object[]): Promise<KafkaMessage[]> {
  const sent: KafkaMessage[] = [];
  const producer = {
    send: async ({ messages }: ProducerRecord) => {
      for (const { value, headers = {} } of messages) {
        const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text as string)]);
        sent.push({ value: Buffer.from(value!), headers: Object.fromEntries(bytes) } as KafkaMessage);
      }
      return [];
    },
  };
  for (const order of orders) await sendOrder(producer, order);
  return sent;
}

const sent = { name: 'send orders', kind: 'PRODUCER' };

test('a message continues the trace of its producer', async () => {
  const { rows } = record();
  const [message] = await sentOrders({ id: 1 });
  const shipped: object[] = [];
  await eachMessage(async (order) => void shipped.push(order))({
    topic: 'orders',
    partition: 0,
    message,
  } as EachMessagePayload);
  expect(shipped).toEqual([{ id: 1 }]);
  expect(rows()).toEqual([sent, { name: 'process orders', kind: 'CONSUMER', parent: 'send orders' }]);
});

test('a batch is a trace of its own, linked to those of its producers', async () => {
  const { rows } = record();
  const messages = await sentOrders({ id: 1 }, { id: 2 });
  const shipped: object[] = [];
  await eachBatch(async (orders) => void shipped.push(...orders))({
    batch: { topic: 'orders', messages },
  } as unknown as EachBatchPayload);
  expect(shipped).toEqual([{ id: 1 }, { id: 2 }]);
  expect(rows()).toEqual([
    sent,
    sent,
    {
      name: 'process orders',
      kind: 'CONSUMER',
      attributes: { 'messaging.batch.message_count': 2 },
      links: ['send orders', 'send orders'],
    },
  ]);
});
