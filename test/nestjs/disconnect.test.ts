import { connect } from 'node:net';
import { Module } from '@nestjs/common';
import { describe, expect, test } from 'vitest';
import { TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { OrdersModule, OrdersService } from './orders.ts';
import { adapters, serve } from './serve.ts';

@Module({ imports: [TracingModule.forRoot(), OrdersModule] })
class AppModule {}

const hungUp = { name: 'AbortError', message: 'the client has disconnected' };

describe.each(adapters)('%s', (_name, adapter) => {
  test('in the middle of a JSON handler: it is aborted, what it started hears it, and nothing is an error', async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    const orders = served.app.get(OrdersService);
    const client = new AbortController();
    const response = fetch(`${served.url}/orders/slow`, { signal: client.signal });
    await orders.stage.entered();
    client.abort();
    await expect(response).rejects.toThrow('aborted');
    await served.settled();
    spans.only([
      {
        name: 'OrdersController.slow',
        outcome: 'aborted',
        attributes: { 'http.route': '/orders/slow', 'http.response.status_code': undefined! },
        children: [{ name: 'OrdersService.slow', outcome: 'aborted', error: 'AbortError' }],
      },
    ]);
    expect(spans.spans.map(({ name, status, errors }) => [name, status, errors.length])).toEqual([
      ['OrdersService.slow', { code: 2, message: hungUp.message }, 1],
      ['OrdersController.slow', { code: 0 }, 0],
    ]);
    expect(served.listeners.left()).toEqual([]);
  });

  test('in the middle of an event stream', async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    const orders = served.app.get(OrdersService);
    const client = new AbortController();
    const response = await fetch(`${served.url}/orders/progress`, { signal: client.signal });
    await orders.stage.entered();
    orders.progress.next({ data: { done: 1 } });
    await response.body!.getReader().read();
    client.abort();
    await served.settled();
    spans.only([
      {
        name: 'OrdersController.progress',
        outcome: 'aborted',
        attributes: { 'http.response.status_code': 200 },
      },
    ]);
    expect(orders.unsubscribed).toBe(1);
    expect(served.listeners.left()).toEqual([]);
  });

  test('in the middle of a file', async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    const client = new AbortController();
    const response = await fetch(`${served.url}/orders/endless`, { signal: client.signal });
    await response.body!.getReader().read();
    expect(spans.live().map(({ name }) => name)).toEqual(['OrdersController.endless']);
    client.abort();
    await served.settled();
    spans.only([
      {
        name: 'OrdersController.endless',
        outcome: 'aborted',
        attributes: { 'http.response.status_code': 200 },
      },
    ]);
    expect(served.listeners.left()).toEqual([]);
  });

  // Before Node 24 such a response never closes: its connection does.
  test('while the response waits behind another on its connection', async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    const orders = served.app.get(OrdersService);
    const socket = connect(served.port, '127.0.0.1');
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    socket.write(request('/orders/progress') + request('/orders/slow') + request('/orders/slow'));
    await orders.stage.entered(3);
    socket.destroy();
    await served.settled();
    const slow = {
      name: 'OrdersController.slow',
      outcome: 'aborted',
      children: [{ name: 'OrdersService.slow', outcome: 'aborted', error: 'AbortError' }],
    } as const;
    spans.only([{ name: 'OrdersController.progress', outcome: 'aborted' }, slow, slow]);
    expect(served.listeners.left()).toEqual([]);
  });
});
