import { connect, type NatsConnection } from '@nats-io/transport-node';
import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { consumeOrders, publishOrder } from '../../examples/jobs/nats.ts';
import { deferred, record } from '../harness.ts';
import { hasNats } from '../servers/installed.ts';
import { useNats } from '../servers/nats.ts';

describe.skipIf(!hasNats)('NATS', () => {
  const server = useNats();
  let nats: NatsConnection;

  beforeEach(async () => {
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    nats = await connect({ servers: server.servers });
  });
  afterEach(() => {
    propagation.disable();
    vi.restoreAllMocks();
  });

  test('each message continues the trace of who has published it; one that fails does not end the loop', async () => {
    const { rows, spans } = record();
    const failure = new RangeError('no address');
    const said = vi.spyOn(console, 'error').mockReturnValue();
    const shipped: object[] = [];
    const both = deferred();
    const consuming = consumeOrders(nats, async (order) => {
      shipped.push(order);
      if (shipped.length === 2) both.resolve();
      else throw failure;
    });
    await nats.flush();
    publishOrder(nats, { id: 1 });
    publishOrder(nats, { id: 2 });
    await both.promise;
    await nats.drain();
    await consuming;
    expect(shipped).toEqual([{ id: 1 }, { id: 2 }]);
    expect(said.mock.calls).toEqual([[failure]]);
    const sent = { name: 'send orders', kind: 'PRODUCER' };
    const processed = { name: 'process orders', kind: 'CONSUMER', parent: 'send orders' };
    expect(rows()).toEqual([
      sent,
      sent,
      {
        ...processed,
        status: 'ERROR no address',
        attributes: { error: true, 'error.type': 'RangeError' },
        exceptions: ['RangeError: no address'],
      },
      processed,
    ]);
    const traces = spans().map((span) => span.spanContext().traceId);
    expect(traces.slice(2)).toEqual(traces.slice(0, 2));
  });
});
