import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Transport } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, expect, test, vi } from 'vitest';
import { recordSpans } from '../../src/testing/index.ts';
import { turn } from '../harness.ts';
import { serve } from './serve.ts';

afterEach(() => {
  propagation.disable();
  vi.unstubAllEnvs();
});

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return String(port);
}

test('the requests of the example: place, follow, refuse, export, cancel', async () => {
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  using spans = recordSpans();
  vi.stubEnv('STOCK_PORT', await freePort());
  const { AppModule } = await import('../../examples/nestjs/app.module.ts');
  const { stockOptions } = await import('../../examples/nestjs/stock.ts');
  await using served = await serve(AppModule, new ExpressAdapter(), (app) =>
    app.connectMicroservice({ transport: Transport.TCP, options: stockOptions }),
  );
  await served.app.startAllMicroservices();
  const place = (order: object) =>
    fetch(`${served.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
    });
  const placed = await place({ item: 'tea', quantity: 2 });
  expect(placed.headers.get('traceresponse')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(await placed.json()).toEqual({ id: '1', item: 'tea', quantity: 2, step: 'brewing' });
  expect((await place({ item: 'tea', quantity: 0 })).status).toBe(400);
  expect(await (await fetch(`${served.url}/orders/export`)).text()).toContain('1,tea,2,');
  const steps = await fetch(`${served.url}/orders/1/progress`);
  expect((await fetch(`${served.url}/orders/1`, { method: 'DELETE' })).status).toBe(204);
  expect(await steps.text()).toContain('data: {"step":"cancelled"}');
  expect((await fetch(`${served.url}/orders/ledger`)).status).toBe(403);
  expect(await (await fetch(`${served.url}/health`)).text()).toBe('fine');
  await served.settled();
  while (spans.live().length > 0) await turn();
  spans.only([
    {
      name: 'POST /orders',
      children: [
        {
          name: 'OrdersController.place',
          attributes: { 'order.item': 'tea' },
          children: [
            {
              name: 'OrdersService.place',
              children: [
                { name: 'StockClient.reserve', children: ['StockController.reserve'] },
                'Payments.charge',
              ],
            },
          ],
        },
      ],
    },
    {
      name: 'Kitchen.prepare',
      outcome: 'aborted',
      error: 'the customer has changed their mind',
      children: [{ name: 'brewing', error: 'AbortError' }],
    },
    'Receipts.send',
    {
      name: 'POST /orders',
      attributes: { 'http.response.status_code': 400 },
      children: ['OrdersController.place'],
    },
    {
      name: 'GET /orders/export',
      children: [{ name: 'OrdersController.export', children: ['OrdersService.rows'] }],
    },
    {
      name: 'GET /orders/:id/progress',
      children: [
        {
          name: 'OrdersController.progress',
          children: [{ name: 'OrdersService.progress', children: ['OrdersService.find'] }],
        },
      ],
    },
    {
      name: 'DELETE /orders/:id',
      children: [
        {
          name: 'OrdersController.cancel',
          children: [{ name: 'OrdersService.cancel', children: ['OrdersService.find'] }],
        },
      ],
    },
    { name: 'GET /orders/ledger', attributes: { 'http.response.status_code': 403 } },
  ]);
});
