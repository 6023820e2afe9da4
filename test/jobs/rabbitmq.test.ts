import { once } from 'node:events';
import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Order, placeOrder, startConsumer } from '../../examples/jobs/rabbitmq.ts';
import { deferred, record, turn } from '../harness.ts';
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

const aborted = {
  status: 'ERROR the consumer closes',
  attributes: { ...attributes, error: true, 'error.type': 'Error', 'oncespan.outcome': 'aborted' },
  exceptions: ['Error: the consumer closes'],
};

/** Each call of `ship` in its turn, for the test to settle; or for the abort, if it `heeds` it. */
function heldShipping({ heeds = false } = {}) {
  const turns = Array.from({ length: 3 }, () => ({ begun: deferred<Order>(), outcome: deferred() }));
  let called = 0;
  const ship = (shipped: Order, signal: AbortSignal) => {
    const { begun, outcome } = turns[called++]!;
    if (heeds) signal.addEventListener('abort', () => outcome.reject(signal.reason));
    begun.resolve(shipped);
    return outcome.promise;
  };
  return { ship, turns };
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
    const { ship, turns } = heldShipping();
    const consumer = await startConsumer(channel, ship);
    await placeOrder(channel, order);
    expect(await turns[0]!.begun.promise).toEqual(order);
    turns[0]!.outcome.resolve();
    await consumer.close();
    expect(rows()).toEqual([sent, { ...processed, parent: 'send orders' }]);
  });

  test('a message that fails is delivered again, into a trace of its own', async () => {
    const { rows, spans } = record();
    const { ship, turns } = heldShipping();
    const consumer = await startConsumer(channel, ship);
    await placeOrder(channel, order);
    await turns[0]!.begun.promise;
    turns[0]!.outcome.reject(new RangeError('no address'));
    expect(await turns[1]!.begun.promise).toEqual(order);
    turns[1]!.outcome.resolve();
    await consumer.close();
    expect(rows()).toEqual([sent, { ...processed, parent: 'send orders', ...failed }, processedAgain]);
    const [first, , again] = spans().map((span) => span.spanContext().traceId);
    expect(again).not.toBe(first);
  });

  test('a message that fails twice is not delivered a third time', async () => {
    const { rows } = record();
    const { ship, turns } = heldShipping();
    const consumer = await startConsumer(channel, ship);
    await placeOrder(channel, order);
    await turns[0]!.begun.promise;
    turns[0]!.outcome.reject(new RangeError('no address'));
    await turns[1]!.begun.promise;
    turns[1]!.outcome.reject(new RangeError('no address'));
    await consumer.close();
    expect(rows()).toEqual([
      sent,
      { ...processed, parent: 'send orders', ...failed },
      { ...processedAgain, ...failed },
    ]);
  });

  test('a consumer that closes aborts what it has in hand, and the next one gets it', async () => {
    const { rows } = record();
    const { ship, turns } = heldShipping({ heeds: true });
    const first = await startConsumer(channel, ship);
    await placeOrder(channel, order);
    await turns[0]!.begun.promise;
    await first.close();
    const second = await startConsumer(channel, ship);
    await turns[1]!.begun.promise;
    await second.close();
    const third = await startConsumer(channel, ship);
    await turns[2]!.begun.promise;
    turns[2]!.outcome.resolve();
    await third.close();
    expect(rows()).toEqual([
      sent,
      { ...processed, parent: 'send orders', ...aborted },
      { ...processedAgain, ...aborted },
      processedAgain,
    ]);
  });

  test('work that ignores the abort outlives its span, and the consumer waits for it', async () => {
    const { rows } = record();
    const { ship, turns } = heldShipping();
    const aborting = deferred();
    const consumer = await startConsumer(channel, (shipped, signal) => {
      signal.addEventListener('abort', () => aborting.resolve());
      return ship(shipped, signal);
    });
    await placeOrder(channel, order);
    await turns[0]!.begun.promise;
    let isClosed = false;
    const closed = consumer.close().then(() => (isClosed = true));
    await aborting.promise;
    await turn();
    expect([isClosed, rows().length]).toEqual([false, 2]);
    turns[0]!.outcome.resolve();
    await closed;
    expect(rows()).toEqual([sent, { ...processed, parent: 'send orders', ...aborted }]);
  });

  test('a consumer that is cancelled, as its queue is gone, settles what it has in hand', async () => {
    const { rows } = record();
    const { ship, turns } = heldShipping();
    const consumer = await startConsumer(channel, ship);
    await placeOrder(channel, order);
    await turns[0]!.begun.promise;
    const cancelled = once(channel, 'cancel');
    await channel.deleteQueue('orders');
    await cancelled;
    turns[0]!.outcome.resolve();
    await consumer.close();
    expect(rows()).toEqual([sent, { ...processed, parent: 'send orders' }]);
  });
});
