// A stream of Redis with ioredis: a span for each entry that is added, and one for each entry, or batch of entries, that is read.
// test/jobs/redis-streams.test.ts runs it.

import { SpanKind } from '@opentelemetry/api';
import type { Redis } from 'ioredis';
import { carrier, traceTask } from 'oncespan';

export type Fields = Record<string, string>;
type Entry = readonly [id: string, fields: Fields];
type Reply = [[stream: string, entries: [id: string, flat: string[]][]]];

const STREAM = 'orders';
const GROUP = 'shipping';

/** The trace travels in fields of its own, beside those of the order. */
export const addOrder = traceTask(
  (redis: Redis, order: Fields) => redis.xadd(STREAM, '*', ...Object.entries(carrier({ ...order })).flat()),
  { name: `send ${STREAM}`, kind: SpanKind.PRODUCER },
);

/** A span for each entry, in the trace of its producer. */
export const shipEach = (redis: Redis, ship: (order: Fields, signal: AbortSignal) => Promise<void>) => {
  const shipOne = traceTask(
    async ([id, order]: Entry, signal: AbortSignal) => {
      await ship(order, signal);
      await redis.xack(STREAM, GROUP, id);
    },
    {
      name: `process ${STREAM}`,
      kind: SpanKind.CONSUMER,
      attributes: ([id]) => ({ 'messaging.message.id': id }),
      from: ([, fields]) => fields,
    },
  );
  return (entries: readonly Entry[], signal: AbortSignal) =>
    Promise.allSettled(entries.map((entry) => shipOne(entry, signal)));
};

/** One span for the batch, linked to those of the producers. */
export const shipTogether = (redis: Redis, ship: (orders: Fields[], signal: AbortSignal) => Promise<void>) =>
  traceTask(
    async (entries: readonly Entry[], signal: AbortSignal) => {
      const orders = entries.map(([, order]) => order);
      await ship(orders, signal);
      await redis.xack(STREAM, GROUP, ...entries.map(([id]) => id));
    },
    {
      name: `process ${STREAM}`,
      kind: SpanKind.CONSUMER,
      attributes: (entries) => ({ 'messaging.batch.message_count': entries.length }),
      relation: 'root',
      links: (entries) => entries.map(([, fields]) => fields),
    },
  );

/** Reads until the signal aborts. Not traced itself: its span would last as long as the process. */
export async function consume(
  redis: Redis,
  consumer: string,
  handle: (entries: readonly Entry[], signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const reader = redis.duplicate(); // blocked for as long as there is nothing to read
  signal.addEventListener('abort', () => reader.disconnect());
  // At most 100 at a time: a span has room for 128 links.
  const read = () =>
    reader.xreadgroup('GROUP', GROUP, consumer, 'COUNT', 100, 'BLOCK', 0, 'STREAMS', STREAM, '>');
  try {
    while (!signal.aborted) {
      const [[, entries]] = (await read()) as Reply;
      const orders = entries.map(([id, flat]): Entry => [id, fieldsOf(flat)]);
      // What fails is not acknowledged. It stays pending, for XAUTOCLAIM, and its span has the error.
      await handle(orders, signal).catch(() => {});
    }
  } catch (error) {
    if (!signal.aborted) throw error; // the abort has disconnected the reader
  }
}

const fieldsOf = (flat: readonly string[]): Fields =>
  Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]!]] : [])));
