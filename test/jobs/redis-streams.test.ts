import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addOrder, consume, type Fields, shipEach, shipTogether } from '../../examples/jobs/redis-streams.ts';
import { startSpan } from '../../src/index.ts';
import { deferred, record } from '../harness.ts';
import { hasRedis } from '../servers/installed.ts';
import { useRedis } from '../servers/redis.ts';

const sent = { name: 'send orders', kind: 'PRODUCER' };
const processed = { name: 'process orders', kind: 'CONSUMER' };

/** Held until the test says how it went: `ship` of the order, or the batch, that begins with this one. */
function heldShipping(...ids: string[]) {
  const held = new Map(ids.map((id) => [id, { begun: deferred(), outcome: deferred() }]));
  const ship = (order: Fields | Fields[]) => {
    const { begun, outcome } = held.get([order].flat()[0]!['id']!)!;
    begun.resolve();
    return outcome.promise;
  };
  return { ship, of: (id: string) => held.get(id)! };
}

describe.skipIf(!hasRedis)('a stream of Redis', () => {
  const server = useRedis();
  let redis: Redis;

  beforeEach(async () => {
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    redis = new Redis(server.path);
    await redis.xgroup('CREATE', 'orders', 'shipping', '0', 'MKSTREAM');
  });

  afterEach(async () => {
    await redis.del('orders');
    redis.disconnect();
    propagation.disable();
  });

  /** Heard by the server, which then has nothing to give: the consumer waits. */
  async function reads(count: number): Promise<{ heard: Promise<void>; stop(): void }> {
    const heard = deferred();
    const monitor = await redis.monitor();
    let left = count;
    monitor.on('monitor', (_time: string, [command]: string[]) => {
      if (command === 'xreadgroup' && --left === 0) heard.resolve();
    });
    return { heard: heard.promise, stop: () => monitor.disconnect() };
  }

  const pending = async () => (await redis.xpending('orders', 'shipping'))[0];

  test('each entry in the trace of its producer: one that is processed, and one that fails', async () => {
    const { rows, spans } = record();
    const ids = [await addOrder(redis, { id: '1' }), await addOrder(redis, { id: '2' })];
    const { ship, of } = heldShipping('1', '2');
    const closing = new AbortController();
    const { heard, stop } = await reads(2);
    const consumer = consume(redis, 'one', shipEach(redis, ship), closing.signal);
    await of('2').begun.promise;
    of('2').outcome.reject(new RangeError('no address'));
    of('1').outcome.resolve();
    await heard;
    closing.abort();
    await consumer;
    stop();
    expect(await pending()).toBe(1);
    expect(rows()).toEqual([
      sent,
      sent,
      {
        ...processed,
        parent: 'send orders',
        status: 'ERROR no address',
        attributes: { 'messaging.message.id': ids[1], error: true, 'error.type': 'RangeError' },
        exceptions: ['RangeError: no address'],
      },
      { ...processed, parent: 'send orders', attributes: { 'messaging.message.id': ids[0] } },
    ]);
    const [first, second, ofSecond, ofFirst] = spans().map((span) => span.spanContext().traceId);
    expect([ofFirst, ofSecond]).toEqual([first, second]);
  });

  test('batches in traces of their own, linked to the producers: one that is processed, and one that fails', async () => {
    const { rows, spans } = record();
    await addOrder(redis, { id: '1' });
    await addOrder(redis, { id: '2' });
    const { ship, of } = heldShipping('1', '3');
    const closing = new AbortController();
    const { heard, stop } = await reads(3);
    // Whatever was active where the consumer was started, no batch is a part of it.
    const boot = startSpan('boot');
    const consumer = boot.run(() => consume(redis, 'one', shipTogether(redis, ship), closing.signal));
    boot.end();
    await of('1').begun.promise;
    await addOrder(redis, { id: '3' });
    of('1').outcome.resolve();
    await of('3').begun.promise;
    of('3').outcome.reject(new RangeError('no address'));
    await heard;
    closing.abort();
    await consumer;
    stop();
    expect(await pending()).toBe(1);
    expect(rows()).toEqual([
      sent,
      sent,
      { name: 'boot' },
      sent,
      {
        ...processed,
        attributes: { 'messaging.batch.message_count': 2 },
        links: ['send orders', 'send orders'],
      },
      {
        ...processed,
        status: 'ERROR no address',
        attributes: { 'messaging.batch.message_count': 1, error: true, 'error.type': 'RangeError' },
        exceptions: ['RangeError: no address'],
        links: ['send orders'],
      },
    ]);
    const producers = spans()
      .filter(({ name }) => name === 'send orders')
      .map((span) => span.spanContext().spanId);
    const linked = spans().flatMap(({ links }) => links.map(({ context }) => context.spanId));
    expect(linked).toEqual(producers);
  });

  test('a consumer that closes ends the span of the batch that it has in hand', async () => {
    const { rows } = record();
    await addOrder(redis, { id: '1' });
    const { ship, of } = heldShipping('1');
    const closing = new AbortController();
    const consumer = consume(redis, 'one', shipTogether(redis, ship), closing.signal);
    await of('1').begun.promise;
    closing.abort(new Error('the consumer closes'));
    expect(rows()).toHaveLength(2);
    of('1').outcome.resolve();
    await consumer;
    expect(await pending()).toBe(0);
    expect(rows()).toEqual([
      sent,
      {
        ...processed,
        status: 'ERROR the consumer closes',
        attributes: {
          'messaging.batch.message_count': 1,
          error: true,
          'error.type': 'Error',
          'oncespan.outcome': 'aborted',
        },
        exceptions: ['Error: the consumer closes'],
        links: ['send orders'],
      },
    ]);
  });
});
