import { ExpressAdapter } from '@nestjs/platform-express';
import { expect, test } from 'vitest';
import { AppModule } from '../../examples/nestjs/app.module.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { serve } from './serve.ts';

test('the requests of the example: place, follow, refuse, export, cancel', async () => {
  using spans = recordSpans();
  await using served = await serve(AppModule, new ExpressAdapter());
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
  expect(await (await fetch(`${served.url}/health`)).text()).toBe('fine');
  await served.settled();
  spans.only([
    {
      name: 'POST /orders',
      children: [
        {
          name: 'OrdersController.place',
          children: [{ name: 'OrdersService.place', children: ['Payments.charge'] }],
        },
      ],
    },
    {
      name: 'Kitchen.prepare',
      outcome: 'aborted',
      error: 'the customer has changed their mind',
      children: [{ name: 'brewing', error: 'AbortError' }],
    },
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
  ]);
});
