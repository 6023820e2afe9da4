// NATS: a span for each message that is published, and one for each that is received. test/jobs/nats.test.ts runs it.

import { SpanKind } from '@opentelemetry/api';
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { carrier, traceTask } from 'oncespan';

const SUBJECT = 'orders';

export const publishOrder = traceTask(
  (nats: NatsConnection, order: object) => {
    const trace = headers();
    for (const [name, value] of Object.entries(carrier())) trace.set(name, value);
    nats.publish(SUBJECT, JSON.stringify(order), { headers: trace });
  },
  { name: `send ${SUBJECT}`, kind: SpanKind.PRODUCER },
);

/** The loop itself is not traced: its span would last as long as the subscription, with every message below it. */
export async function consumeOrders(nats: NatsConnection, ship: (order: object) => Promise<void>) {
  const process = traceTask(async (message: Msg) => ship(message.json()), {
    name: `process ${SUBJECT}`,
    kind: SpanKind.CONSUMER,
    from: (message) => message.headers,
  });

  for await (const message of nats.subscribe(SUBJECT)) {
    await process(message).catch((error: unknown) => console.error(error));
  }
}
