// RabbitMQ with amqplib: a span for each message that is sent, and one for each that is received. test/jobs/rabbitmq.test.ts runs
// it.

import { SpanKind } from '@opentelemetry/api';
import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { carrier, traceTask } from 'oncespan';

export interface Order {
  readonly id: string;
}

const QUEUE = 'orders';

export const placeOrder = traceTask(
  async (channel: ConfirmChannel, order: Order) => {
    const content = Buffer.from(JSON.stringify(order));
    channel.sendToQueue(QUEUE, content, { messageId: order.id, headers: carrier() });
    await channel.waitForConfirms();
  },
  {
    name: `send ${QUEUE}`,
    kind: SpanKind.PRODUCER,
    attributes: (_channel, order) => ({ 'messaging.message.id': order.id }),
  },
);

/** Listens for as long as the process lives. So the consumer is not traced, and each message is. */
export async function startConsumer(
  channel: Channel,
  ship: (order: Order, signal: AbortSignal) => Promise<void>,
) {
  const closing = new AbortController();
  const inHand = new Set<Promise<void>>();

  const process = traceTask(
    // The signal is found in the arguments: its abort ends the span, whether `ship` heeds it or not.
    (message: ConsumeMessage, signal: AbortSignal) => ship(JSON.parse(message.content.toString()), signal),
    {
      name: `process ${QUEUE}`,
      kind: SpanKind.CONSUMER,
      attributes: ({ properties }) => ({ 'messaging.message.id': properties.messageId }),
      // A message that comes again has a span in the producer's trace already. This time it makes a trace of its own, with a link.
      from: ({ fields, properties }) => (fields.redelivered ? undefined : properties.headers),
      links: ({ fields, properties }) => (fields.redelivered ? [properties.headers] : []),
    },
  );

  const settle = async (message: ConsumeMessage) => {
    try {
      await process(message, closing.signal);
      channel.ack(message);
    } catch {
      channel.nack(message, false, !message.fields.redelivered || closing.signal.aborted);
    }
  };

  const { consumerTag } = await channel.consume(QUEUE, (message) => {
    if (message === null) return; // RabbitMQ has ended the consumer: its queue is gone
    const settled = settle(message).finally(() => inHand.delete(settled));
    inHand.add(settled);
  });

  /** For `startTracing(build, { drain: consumer.close })`. */
  const close = async () => {
    await channel.cancel(consumerTag);
    closing.abort(new Error('the consumer closes'));
    await Promise.all(inHand);
  };
  return { close };
}
