import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  Module,
  type NestInterceptor,
  Res,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { trace } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace';
import { defer, map, Observable, retry, timer } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { configure, withSpan } from '../../src/index.ts';
import { TracedInterceptor, TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { record, reported } from '../harness.ts';
import { OrdersModule } from './orders.ts';
import { adapters, serve } from './serve.ts';

const intercept = (change: (handled: Observable<unknown>) => Observable<unknown>): NestInterceptor => ({
  intercept: (_context: ExecutionContext, next: CallHandler) => change(next.handle()),
});

class OutOfStock extends Error {
  override name = 'OutOfStock';
}

const caught: unknown[] = [];

interface Express {
  use(path: string, app: unknown): void;
  listen(port: number): Server;
}

interface Reply {
  status(code: number): { send(body: unknown): void };
}

@Catch(OutOfStock)
class OutOfStockFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    caught.push(error);
    host.switchToHttp().getResponse<Reply>().status(409).send({ sold: 'out' });
  }
}

@Catch()
class CatchAllFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    caught.push(error);
    host.switchToHttp().getResponse<Reply>().status(200).send({ caught: 1 });
  }
}

/** Refuses to be looked at in any way. */
const hostile = new Proxy(
  {},
  new Proxy(
    {},
    {
      get: (_target, trap) => () => {
        throw new Error(`no ${String(trap)}`);
      },
    },
  ),
);

const outOfStock = new OutOfStock('no tea');
let attempts = 0;

@Controller('shop')
class ShopController {
  @Get('twice')
  @UseInterceptors(TracedInterceptor, new TracedInterceptor())
  twice() {
    return 'once';
  }

  @Get('later')
  @UseInterceptors(
    intercept(
      map(() => {
        throw new Error('cannot be wrapped');
      }),
    ),
  )
  later() {
    return 'fine';
  }

  @Get('again')
  again() {
    attempts++;
    if (attempts === 1) throw new Error('the first time');
    return 'the second time';
  }

  @Get('filtered')
  @UseFilters(OutOfStockFilter)
  filtered() {
    throw outOfStock;
  }

  @Get('hostile')
  @UseFilters(CatchAllFilter)
  hostile() {
    throw hostile;
  }

  @Get('nothing')
  nothing() {
    throw undefined;
  }

  @Get('quiet')
  quiet(@Res() _response: unknown) {}

  @Get('moved')
  moved() {
    throw new HttpException('over there', 302);
  }

  @Get('cold')
  cold() {
    return defer(() => timer(1).pipe(map(() => withSpan('inside', () => 'warm'))));
  }

  @Get('piped')
  piped(@Res() reply: ServerResponse | { raw: ServerResponse }) {
    const response = 'raw' in reply ? reply.raw : reply;
    const rows = function* () {
      yield 'id\n';
      throw new Error('the disk is gone');
    };
    pipeline(Readable.from(rows()), response, () => {});
  }
}

@Module({ imports: [TracingModule.forRoot({ requests: false })], controllers: [ShopController] })
class ShopModule {}

/** The interceptors of a module come before those of the modules that it imports. */
@Module({ imports: [ShopModule], providers: [{ provide: APP_INTERCEPTOR, useValue: intercept(retry(1)) }] })
class RetryingModule {}

describe.each(adapters)('%s', (_name, adapter) => {
  async function request(path: string, module: Parameters<typeof serve>[0] = ShopModule) {
    await using served = await serve(module, adapter());
    const response = await fetch(served.url + path, { redirect: 'manual' });
    const answer = `${response.status} ${await response.text().catch(() => 'cut')}`;
    await served.settled();
    expect(served.listeners.left()).toEqual([]);
    return answer;
  }

  test('makes one span, however often it is applied', async () => {
    using spans = recordSpans();
    expect(await request('/shop/twice')).toBe('200 once');
    spans.only(['ShopController.twice']);
  });

  test('sees what a later interceptor throws', async () => {
    using spans = recordSpans();
    expect(await request('/shop/later')).toMatch(/^500/);
    spans.only([{ name: 'ShopController.later', error: 'Error: cannot be wrapped' }]);
  });

  test('a second attempt that succeeds leaves no error', async () => {
    using spans = recordSpans();
    attempts = 0;
    await using served = await serve(RetryingModule, adapter());
    expect(await (await fetch(`${served.url}/shop/again`)).text()).toBe('the second time');
    await served.settled();
    spans.only(['ShopController.again']);
    expect(attempts).toBe(2);
  });

  test('a filter gets the very error, and what it answers counts', async () => {
    using spans = recordSpans();
    caught.length = 0;
    expect(await request('/shop/filtered')).toBe('409 {"sold":"out"}');
    expect(caught).toHaveLength(1);
    expect(caught[0]).toBe(outOfStock);
    spans.only([{ name: 'ShopController.filtered', attributes: { 'http.response.status_code': 409 } }]);
  });

  test('what refuses to be looked at is thrown, and caught', async () => {
    using spans = recordSpans();
    caught.length = 0;
    expect(await request('/shop/hostile')).toBe('200 {"caught":1}');
    expect(caught[0]).toBe(hostile);
    const [span] = spans.spans;
    expect([span!.name, span!.status.code, span!.attributes['oncespan.outcome']]).toEqual([
      'ShopController.hostile',
      2,
      undefined,
    ]);
  });

  test('undefined is thrown', async () => {
    using spans = recordSpans();
    expect(await request('/shop/nothing')).toMatch(/^500/);
    spans.only([{ name: 'ShopController.nothing', error: 'undefined' }]);
  });

  test('an HttpException can be an answer below 400', async () => {
    using spans = recordSpans();
    expect(await request('/shop/moved')).toMatch(/^302/);
    spans.only([{ name: 'ShopController.moved', attributes: { 'http.response.status_code': 302 } }]);
  });

  test('a cold observable runs inside the span', async () => {
    using spans = recordSpans();
    expect(await request('/shop/cold')).toBe('200 warm');
    spans.only([{ name: 'ShopController.cold', children: ['inside'] }]);
  });

  test('a stream that breaks the response off is the server’s failure', async () => {
    using spans = recordSpans();
    expect(await request('/shop/piped')).toBe('200 cut');
    spans.only([
      {
        name: 'ShopController.piped',
        error: 'Error: the disk is gone',
        attributes: { 'http.response.status_code': 200 },
      },
    ]);
  });

  test('is a child of the span that is active when the request comes in', async () => {
    using spans = recordSpans();
    const tracer = trace.getTracer('http');
    await using served = await serve(ShopModule, adapter());
    const server = served.app.getHttpServer() as Server;
    // As an instrumentation of node:http does.
    const [handle] = server.listeners('request').slice(-1) as [(...args: unknown[]) => void];
    server.off('request', handle);
    server.on('request', (incoming: IncomingMessage, response: ServerResponse) =>
      tracer.startActiveSpan('GET', (span) => {
        response.once('close', () => span.end());
        handle.call(server, incoming, response);
      }),
    );
    await (await fetch(`${served.url}/shop/twice`)).text();
    await served.settled();
    spans.only([{ name: 'GET', children: ['ShopController.twice'] }]);
    expect(spans.spans.map(({ name }) => name)).toEqual(['ShopController.twice', 'GET']);
  });

  test('without a provider it adds nothing to the request', async () => {
    await using served = await serve(ShopModule, adapter());
    expect(await (await fetch(`${served.url}/shop/cold`)).text()).toBe('warm');
    expect(served.listeners.added).toEqual([]);
  });

  test('a span that is not sampled ends too, and what is below it is not sampled either', async () => {
    const { rows } = record({ sampler: new AlwaysOffSampler() });
    expect(await request('/shop/cold')).toBe('200 warm');
    expect(rows()).toEqual([]);
  });

  test('a tracer that throws is not noticed', async () => {
    using _spans = recordSpans();
    trace.disable();
    trace.setGlobalTracerProvider({
      getTracer: () => ({
        startSpan: () => {
          throw new Error('no');
        },
        startActiveSpan: () => {
          throw new Error('no');
        },
      }),
    });
    expect(await request('/shop/cold')).toBe('200 warm');
    expect(Array.from(new Set(reported.map(([text]) => text)))).toEqual([
      'oncespan: tracer.startSpan() threw',
    ]);
  });

  test('ignored errors stay what the settings say', async () => {
    using spans = recordSpans();
    configure({ ignoreErrors: [Error] });
    try {
      expect(await request('/shop/later')).toMatch(/^500/);
    } finally {
      configure({ ignoreErrors: [] });
    }
    spans.only([
      { name: 'ShopController.later', outcome: 'ignored', attributes: { 'http.response.status_code': 500 } },
    ]);
  });

  test('several requests on one connection', async () => {
    using spans = recordSpans();
    await using served = await serve(OrdersAndTracing, adapter());
    for (const id of ['1', '2', '3']) await (await fetch(`${served.url}/orders/${id}`)).text();
    await served.settled();
    spans.only(
      ['1', '2', '3'].map((id) => ({
        name: 'OrdersController.find',
        children: [{ name: 'OrdersService.find', attributes: { 'order.id': id } }],
      })),
    );
    expect(served.listeners.left()).toEqual([]);
  });

  test('a response that is still valid has no body', async () => {
    using spans = recordSpans();
    await using served = await serve(OrdersAndTracing, adapter());
    const { headers } = await fetch(`${served.url}/orders/7`);
    const etag = headers.get('etag');
    const again = await fetch(`${served.url}/orders/7`, {
      headers: { 'if-none-match': etag ?? '', 'cache-control': 'max-age=0' },
    });
    await served.settled();
    const statuses = spans.spans
      .filter(({ name }) => name === 'OrdersController.find')
      .map(({ attributes }) => attributes['http.response.status_code']);
    expect(statuses).toEqual([200, again.status]);
    // Fastify makes no entity tags by itself.
    expect(again.status).toBe(etag === null ? 200 : 304);
  });
});

@Module({ imports: [TracingModule.forRoot({ requests: false }), OrdersModule] })
class OrdersAndTracing {}

test('a request that Fastify only pretends', async () => {
  using spans = recordSpans();
  const adapter = new FastifyAdapter();
  await using served = await serve(OrdersAndTracing, adapter);
  const { body } = await adapter.inject('/orders/7');
  expect(body).toBe('{"id":"7"}');
  await served.settled();
  spans.only([
    {
      name: 'OrdersController.find',
      attributes: { 'http.response.status_code': 200 },
      children: ['OrdersService.find'],
    },
  ]);
});

test('a response that a middleware has ended', async () => {
  using spans = recordSpans();
  await using served = await serve(ShopModule, new ExpressAdapter(), (app) =>
    app.use((_request: unknown, response: ServerResponse, next: () => void) => {
      response.once('close', next).end('early');
    }),
  );
  expect(await (await fetch(`${served.url}/shop/quiet`)).text()).toBe('early');
  await served.settled();
  spans.only([{ name: 'ShopController.quiet', attributes: { 'http.response.status_code': 200 } }]);
});

test('the route of an application that is mounted in another', async () => {
  using spans = recordSpans();
  const adapter = new ExpressAdapter();
  await using _served = await serve(ShopModule, adapter);
  const outer = new ExpressAdapter().getInstance<Express>();
  outer.use('/mall', adapter.getInstance());
  const server = outer.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await (await fetch(`http://127.0.0.1:${port}/mall/shop/twice`)).text()).toBe('once');
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  spans.only([{ name: 'ShopController.twice', attributes: { 'http.route': '/mall/shop/twice' } }]);
});

describe('HTTP/2', () => {
  async function withSession(
    act: (session: ClientHttp2Session, closed: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const adapter = new FastifyAdapter({ http2: true } as never);
    await using served = await serve(OrdersAndTracing, adapter as never);
    const session = connect(served.url);
    await act(session, () => served.settled());
    session.destroy();
    expect(served.listeners.left()).toEqual([]);
  }

  test('a whole response', async () => {
    using spans = recordSpans();
    await withSession(async (session, closed) => {
      const stream = session.request({ ':path': '/orders' });
      stream.resume();
      await once(stream, 'close');
      await closed();
    });
    spans.only([{ name: 'OrdersController.list', attributes: { 'http.response.status_code': 200 } }]);
  });

  test('a stream that the client calls off, though Node says that it finished', async () => {
    using spans = recordSpans();
    await withSession(async (session, closed) => {
      const stream = session.request({ ':path': '/orders/endless' });
      await once(stream, 'data');
      stream.close(8);
      await closed();
    });
    spans.only([{ name: 'OrdersController.endless', outcome: 'aborted' }]);
  });
});
