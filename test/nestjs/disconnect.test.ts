import { connect, type Socket } from 'node:net';
import { type CanActivate, Controller, Get, Module, UseGuards, UseInterceptors } from '@nestjs/common';
import { describe, expect, test } from 'vitest';
import { withSpan } from '../../src/index.ts';
import { RequestSignal, TracedInterceptor, TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { OrdersModule, OrdersService, Stage } from './orders.ts';
import { adapters, serve } from './serve.ts';

@Module({ imports: [TracingModule.forRoot(), OrdersModule] })
class AppModule {}

const stage = new Stage();

/** Takes until the client has left, and lets it pass. */
const slowGuard: CanActivate = {
  async canActivate(context) {
    const { socket } = context.switchToHttp().getRequest<{ socket: Socket }>();
    stage.enter();
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
    return true;
  },
};

let entries = 0;

@Controller('late')
@UseGuards(slowGuard)
@UseInterceptors(TracedInterceptor)
class LateController {
  @Get()
  handle(@RequestSignal() signal: AbortSignal) {
    return withSpan({ name: 'inside', signal }, () => 'nobody hears it');
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [LateController] })
class LateModule {}

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

  test('before the handler has begun: it runs all the same, in one span that has ended', async () => {
    using spans = recordSpans();
    await using served = await serve(LateModule, adapter());
    const client = new AbortController();
    const response = fetch(`${served.url}/late`, { signal: client.signal });
    await stage.entered(++entries);
    client.abort();
    await expect(response).rejects.toThrow('aborted');
    await served.settled();
    spans.only([
      {
        name: 'LateController.handle',
        outcome: 'aborted',
        children: [{ name: 'inside', outcome: 'aborted', error: 'AbortError' }],
      },
    ]);
    expect(served.listeners.left()).toEqual([]);
  });

  // Before Node 24 such a response never closes: its connection does.
  test('while the response waits behind another on its connection', async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    const orders = served.app.get(OrdersService);
    const socket = connect(served.port, '127.0.0.1').resume();
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    socket.write(['/orders', '/orders/progress', '/orders/slow', '/orders/slow'].map(request).join(''));
    await orders.stage.entered(3);
    await served.settled(1);
    expect(served.listeners.left().filter((left) => left.endsWith('Socket'))).toEqual(['close on Socket']);
    socket.destroy();
    await served.settled();
    const slow = {
      name: 'OrdersController.slow',
      outcome: 'aborted',
      children: [{ name: 'OrdersService.slow', outcome: 'aborted', error: 'AbortError' }],
    } as const;
    spans.only([
      'OrdersController.list',
      { name: 'OrdersController.progress', outcome: 'aborted' },
      slow,
      slow,
    ]);
    expect(served.listeners.left()).toEqual([]);
  });
});
