import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2, type Http2ServerRequest } from 'node:http2';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  Module,
  Param,
  ParseIntPipe,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, test } from 'vitest';
import { withSpan } from '../../src/index.ts';
import { RequestSignal, TracedInterceptor, TracingModule } from '../../src/nestjs/index.ts';
import { type ExpectedSpan, recordSpans } from '../../src/testing/index.ts';
import { OrdersModule, OrdersService, Stage } from './orders.ts';
import { adapters, serve } from './serve.ts';

@Module({ imports: [TracingModule.forRoot(), OrdersModule] })
class AppModule {}

const stage = new Stage();

/** Takes until the client has left, and lets it pass. */
const slowGuard: CanActivate = {
  async canActivate(context) {
    const request = context.switchToHttp().getRequest<IncomingMessage & { raw?: Http2ServerRequest }>();
    // Over HTTP/2 the connection goes on.
    const connection = request.raw?.stream ?? request.socket;
    stage.enter();
    await closed(connection);
    return true;
  },
};

async function closed(connection: Duplex): Promise<void> {
  if (!connection.closed) await new Promise((resolve) => connection.once('close', resolve));
}

/** Takes as long to answer. */
@Catch()
class SlowFilter implements ExceptionFilter {
  async catch(_error: unknown, host: ArgumentsHost): Promise<void> {
    stage.enter();
    await closed(host.switchToHttp().getRequest<IncomingMessage>().socket);
  }
}

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

@Controller('answer')
@UseFilters(SlowFilter)
class SlowlyAnsweringController {
  @Get(':status')
  answer(@Param('status', ParseIntPipe) status: number) {
    throw new HttpException('no', status);
  }
}

@Module({
  imports: [TracingModule.forRoot()],
  controllers: [LateController, SlowlyAnsweringController],
})
class LateModule {}

/** The span of a request whose client has left, around that of its handler. */
const cut = (route: string, handler: ExpectedSpan): ExpectedSpan => ({
  name: `GET ${route}`,
  outcome: 'aborted',
  attributes: { 'http.route': route },
  children: [handler],
});

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
      cut('/orders/slow', {
        name: 'OrdersController.slow',
        outcome: 'aborted',
        attributes: { 'http.route': '/orders/slow', 'http.response.status_code': undefined! },
        children: [{ name: 'OrdersService.slow', outcome: 'aborted', error: 'AbortError' }],
      }),
    ]);
    expect(spans.spans.map(({ name, status, errors }) => [name, status, errors.length])).toEqual([
      ['OrdersService.slow', { code: 2, message: hungUp.message }, 1],
      ['OrdersController.slow', { code: 0 }, 0],
      ['GET /orders/slow', { code: 0 }, 0],
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
      cut('/orders/progress', {
        name: 'OrdersController.progress',
        outcome: 'aborted',
        attributes: { 'http.response.status_code': 200 },
      }),
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
    expect(spans.live().map(({ name }) => name)).toEqual(['GET /orders/endless', 'OrdersController.endless']);
    client.abort();
    await served.settled();
    spans.only([
      cut('/orders/endless', {
        name: 'OrdersController.endless',
        outcome: 'aborted',
        attributes: { 'http.response.status_code': 200 },
      }),
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
      cut('/late', {
        name: 'LateController.handle',
        outcome: 'aborted',
        children: [{ name: 'inside', outcome: 'aborted', error: 'AbortError' }],
      }),
    ]);
    expect(served.listeners.left()).toEqual([]);
  });

  test.each<[number, object, object]>([
    [404, { outcome: 'aborted' }, { outcome: 'aborted' }],
    [503, { error: 'HttpException' }, { error: 'HttpException: no' }],
  ])(
    'between an exception that would be %i and the answer: a failure stays one',
    async (status, ending, handler) => {
      using spans = recordSpans();
      await using served = await serve(LateModule, adapter());
      const client = new AbortController();
      const response = fetch(`${served.url}/answer/${status}`, { signal: client.signal });
      await stage.entered(++entries);
      client.abort();
      await expect(response).rejects.toThrow('aborted');
      await served.settled();
      spans.only([
        {
          name: 'GET /answer/:status',
          ...ending,
          children: [{ name: 'SlowlyAnsweringController.answer', ...handler }],
        },
      ]);
      expect(served.listeners.left()).toEqual([]);
    },
  );

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
      { name: 'GET /orders', children: ['OrdersController.list'] },
      cut('/orders/progress', { name: 'OrdersController.progress', outcome: 'aborted' }),
      cut('/orders/slow', slow),
      cut('/orders/slow', slow),
    ]);
    expect(served.listeners.left()).toEqual([]);
  });
});

test('over HTTP/2, before the handler has begun', async () => {
  using spans = recordSpans();
  await using served = await serve(LateModule, new FastifyAdapter({ http2: true } as never));
  const session = connectHttp2(served.url);
  const stream = session.request({ ':path': '/late' });
  await stage.entered(++entries);
  stream.close(8);
  await served.settled();
  spans.only([
    cut('/late', {
      name: 'LateController.handle',
      outcome: 'aborted',
      children: [{ name: 'inside', outcome: 'aborted', error: 'AbortError' }],
    }),
  ]);
  session.destroy();
  expect(served.listeners.left()).toEqual([]);
});
