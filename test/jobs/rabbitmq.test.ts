import { once } from 'node:events';
import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Order, placeOrder, startConsumer } from '../../examples/jobs/rabbitmq.ts';
import { deferred, record } from '../harness.ts';
import { hasRabbit } from '../servers/installed.ts';
import { useRabbit } from '../servers/rabbit.ts';

const order = { id: '1001' };
const attributes = { 'messaging.message.id': '1001' };
const sent = { name: 'send orders', kind: 'PRODUCER', attributes };
const processed = { name: 'process orders', kind: 'CONSUMER', attributes };
/** Of a message that comes again: no child of the producer's, which has had its span. */
const processedAgain = { ...processed, links: ['send orders'] };
const failed = {
  status: 'ERROR no address',
  attributes: { ...attributes, error: true, 'error.type': 'RangeError' },
  exceptions: ['RangeError: no address'],
};

/** Each call of `ship` in its turn, for the test to settle. */
function heldShipping() {
  const calls = [deferred<Order>(), deferred<Order>()];
  const outcomes = [deferred(), deferred()];
  let called = 0;
  const ship = (shipped: Order, _signal: AbortSignal) => {
    const turn = called++;
    calls[turn]!.resolve(shipped);
    return outcomes[turn]!.promise;
  };
  return { ship, calls, outcomes };
}

describe.skipIf(!hasRabbit)('RabbitMQ', () => {
  const rabbit = useRabbit();
  let connection: ChannelModel;
  let channel: ConfirmChannel;

  beforeEach(async () => {
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    connection = await connect(rabbit.url);
    channel = await connection.createConfirmChannel();
    await channel.assertQueue('orders');
  });

  afterEach(async () => {
    // What has not been acknowledged goes back to the queue when its channel closes.
    await channel.close();
    const other = await connection.createChannel();
    const { messageCount } = await other.deleteQueue('orders');
    await connection.close();
    propagation.disable();
    expect(messageCount).toBe(0);
  });

  test('a message that is processed continues the trace of its producer', async () => {
    const { rows } = record();
    const { ship, calls, outcomes } = heldShipping();
    const consumer = await startConsumer(channel, ship);
    await placeOrder(channel, order);
    expect(await calls[0]!.promise).toEqual(order);
    outcomes[0]!.resolve();
    await consumer.close();
    expect(rows()).toEqual([sent, { ...processed, parent: 'send orders' }]);
  });

  test('a message that fails is delivered again, into a trace of its own', async () => {
    const { rows, spans } = record();
    const { ship, calls, outcomes } = heldShipping();
    const consumer = await startConsumer(channel, ship);
    await placeOrder(channel, order);
    outcomes[0]!.reject(new RangeError('no address'));
    expect(await calls[1]!.promise).toEqual(order);
    outcomes[1]!.resolve();
    await consumer.close();
    expect(rows()).toEqual([sent, { ...processed, parent: 'send orders', ...failed }, processedAgain]);
    const [first, , again] = spans().map((span) => span.spanContext().traceId);
    expect(again).not.toBe(first);
  });

  test('a message that fails twice is not delivered a third time', async () => {
    const { rows } = record();
    const { ship, calls, outcomes } = heldShipping();
    const consumer = await startConsumer(channel, ship);
    await placeOrder(channel, order);
    outcomes[0]!.reject(new RangeError('no address'));
    await calls[1]!.promise;
    outcomes[1]!.reject(new RangeError('no address'));
    await consumer.close();
    expect(rows()).toEqual([
      sent,
      { ...processed, parent: 'send orders', ...failed },
      { ...processedAgain, ...failed },
    ]);
  });

  test('a consumer that closes aborts what it has in hand; the next one gets it', async () => {
    const { rows } = record();
    const { ship, calls, outcomes } = heldShipping();
    const shipUntilAborted = (shipped: Order, signal: AbortSignal) => {
      signal.addEventListener('abort', () => outcomes[0]!.reject(signal.reason));
      return ship(shipped, signal);
    };
    const first = await startConsumer(channel, shipUntilAborted);
    await placeOrder(channel, order);
    await calls[0]!.promise;
    await first.close();
    const second = await startConsumer(channel, ship);
    await calls[1]!.promise;
    outcomes[1]!.resolve();
    await second.close();
    expect(rows()).toEqual([
      sent,
      {
        ...processed,
        parent: 'send orders',
        status: 'ERROR the consumer closes',
        attributes: { ...attributes, error: true, 'error.type': 'Error', 'oncespan.outcome': 'aborted' },
        exceptions: ['Error: the consumer closes'],
      },
      processedAgain,
    ]);
  });

  test('a consumer that is cancelled, as its queue is gone, settles what it has in hand', async () => {
    const { rows } = record();
    const { ship, calls, outcomes } = heldShipping();
    const consumer = await startConsumer(channel, ship);
    await placeOrder(channel, order);
    await calls[0]!.promise;
    const cancelled = once(channel, 'cancel');
    await channel.deleteQueue('orders');
    await cancelled;
    outcomes[0]!.resolve();
    await consumer.close();
    expect(rows()).toEqual([sent, { ...processed, parent: 'send orders' }]);
  });
});
