import { describe, expect, test } from 'vitest';
import { Module } from '@nestjs/common';
import { TracingModule } from '../../src/nestjs/index.ts';
import { type ExpectedSpan, recordSpans } from '../../src/testing/index.ts';
import { OrdersModule, OrdersService } from './orders.ts';
import { adapters, serve } from './serve.ts';

@Module({ imports: [TracingModule.forRoot(), OrdersModule] })
class AppModule {}

interface Exchange {
  readonly path: string;
  readonly init?: RequestInit;
  readonly status: number;
  readonly body: string | object;
  readonly request: ExpectedSpan;
}

const http = (route: string, status: number, method = 'GET') => ({
  'http.request.method': method,
  'http.route': route,
  'http.response.status_code': status,
});

/** The span of a request, around that of its handler. */
const request = (
  route: string,
  status: number,
  { method = 'GET', error, handler }: { method?: string; error?: string; handler?: ExpectedSpan } = {},
): ExpectedSpan => ({
  name: `${method} ${route}`,
  attributes: http(route, status, method),
  ...(error !== undefined && { error }),
  ...(handler !== undefined && { children: [handler] }),
});

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const exchanges: [string, Exchange][] = [
  [
    'a value',
    {
      path: '/orders',
      status: 200,
      body: ['a', 'b'],
      request: request('/orders', 200, {
        handler: { name: 'OrdersController.list', attributes: http('/orders', 200) },
      }),
    },
  ],
  [
    'a promise',
    {
      path: '/orders/7?secret=1',
      status: 200,
      body: { id: '7' },
      request: request('/orders/:id', 200, {
        handler: {
          name: 'OrdersController.find',
          attributes: http('/orders/:id', 200),
          children: [{ name: 'OrdersService.find', attributes: { 'order.id': '7' } }],
        },
      }),
    },
  ],
  [
    'an observable',
    {
      path: '/orders/observed',
      status: 200,
      body: { id: 2 },
      request: request('/orders/observed', 200, {
        handler: { name: 'OrdersController.observed', attributes: http('/orders/observed', 200) },
      }),
    },
  ],
  [
    'a response written by hand',
    {
      path: '/orders/raw',
      status: 202,
      body: 'by hand',
      request: request('/orders/raw', 202, {
        handler: { name: 'OrdersController.raw', attributes: http('/orders/raw', 202) },
      }),
    },
  ],
  [
    'a file',
    {
      path: '/orders/export',
      status: 200,
      body: 'id\n1\n2\n',
      request: request('/orders/export', 200, {
        handler: { name: 'OrdersController.export', attributes: http('/orders/export', 200) },
      }),
    },
  ],
  [
    'HEAD, which has no body',
    {
      path: '/orders/export',
      init: { method: 'HEAD' },
      status: 200,
      body: '',
      request: request('/orders/export', 200, {
        method: 'HEAD',
        handler: { name: 'OrdersController.export', attributes: http('/orders/export', 200, 'HEAD') },
      }),
    },
  ],
  [
    'an order placed',
    {
      path: '/orders',
      init: json({ item: 'tea', times: 2 }),
      status: 201,
      body: { placed: 'tea' },
      request: request('/orders', 201, {
        method: 'POST',
        handler: { name: 'OrdersController.place', attributes: http('/orders', 201, 'POST') },
      }),
    },
  ],
  [
    'a refusal by a pipe, which is the client’s mistake',
    {
      path: '/orders',
      init: json({ item: 'tea', times: 0 }),
      status: 400,
      body: { message: ['times must not be less than 1'], error: 'Bad Request', statusCode: 400 },
      request: request('/orders', 400, {
        method: 'POST',
        handler: { name: 'OrdersController.place', attributes: http('/orders', 400, 'POST') },
      }),
    },
  ],
  [
    'an HttpException below 500, which is an answer to the handler, and an error to who threw it',
    {
      path: '/orders/none',
      status: 404,
      body: { message: 'there is no such order', error: 'Not Found', statusCode: 404 },
      request: request('/orders/:id', 404, {
        handler: {
          name: 'OrdersController.find',
          attributes: { ...http('/orders/:id', 404), error: undefined! },
          children: [{ name: 'OrdersService.find', error: 'NotFoundException: there is no such order' }],
        },
      }),
    },
  ],
  [
    'an HttpException from 500 on',
    {
      path: '/orders/gateway',
      status: 502,
      body: { statusCode: 502, message: 'the bank does not answer' },
      request: request('/orders/gateway', 502, {
        error: '502',
        handler: {
          name: 'OrdersController.gateway',
          error: 'HttpException: the bank does not answer',
          attributes: http('/orders/gateway', 502),
        },
      }),
    },
  ],
  [
    'an error',
    {
      path: '/orders/broken',
      status: 500,
      body: { statusCode: 500, message: 'Internal server error' },
      request: request('/orders/:id', 500, {
        error: '500',
        handler: {
          name: 'OrdersController.find',
          error: 'Error: the disk is full',
          attributes: http('/orders/:id', 500),
          children: [{ name: 'OrdersService.find', error: 'Error: the disk is full' }],
        },
      }),
    },
  ],
  [
    'a path without a handler',
    {
      path: '/nowhere',
      status: 404,
      body: expect.anything(),
      request: { name: 'GET', attributes: { ...http(undefined!, 404), 'url.path': '/nowhere' } },
    },
  ],
  [
    'a refusal by a guard, which stands before the handler',
    {
      path: '/orders/secret',
      status: 403,
      body: { message: 'Forbidden resource', error: 'Forbidden', statusCode: 403 },
      request: request('/orders/secret', 403),
    },
  ],
  [
    'a guard that lets pass',
    {
      path: '/orders/secret',
      init: { headers: { 'x-role': 'admin' } },
      status: 200,
      body: 'the secret',
      request: request('/orders/secret', 200, {
        handler: { name: 'OrdersController.secret', attributes: http('/orders/secret', 200) },
      }),
    },
  ],
];

describe.each(adapters)('%s', (_name, adapter) => {
  test.each(exchanges)('%s', async (_what, { path, init, status, body, request: expected }) => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    const response = await fetch(served.url + path, init);
    const text = await response.text();
    expect(response.status).toBe(status);
    expect(typeof body === 'string' ? text : JSON.parse(text)).toEqual(body);
    await served.settled();
    spans.only([expected]);
    expect(served.listeners.left()).toEqual([]);
  });

  test('what fails after the handler, in the serialisation, is an error without an exception', async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    expect((await fetch(`${served.url}/orders/circular`)).status).toBe(500);
    await served.settled();
    expect(spans.spans.map(({ name, errors, status }) => ({ name, errors, status }))).toEqual(
      ['OrdersController.circular', 'GET /orders/circular'].map((name) => ({
        name,
        errors: [],
        status: { code: 2, message: '' },
      })),
    );
    spans.only([
      request('/orders/circular', 500, {
        error: '500',
        handler: {
          name: 'OrdersController.circular',
          error: '500',
          attributes: http('/orders/circular', 500),
        },
      }),
    ]);
  });

  test('a file that fails under way is an error, though its status was sent', async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    const response = await fetch(`${served.url}/orders/damaged`);
    expect(response.status).toBe(200);
    // Express ends the response, Fastify breaks it off.
    await response.text().catch(() => {});
    await served.settled();
    spans.only([
      request('/orders/damaged', 200, {
        error: 'Error',
        handler: {
          name: 'OrdersController.damaged',
          error: 'Error: the disk is gone',
          attributes: http('/orders/damaged', 200),
        },
      }),
    ]);
    expect(served.listeners.left()).toEqual([]);
  });

  test('an event stream lasts until its last event is out', async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    const orders = served.app.get(OrdersService);
    const response = await fetch(`${served.url}/orders/progress`);
    await orders.stage.entered();
    expect(spans.live().map(({ name }) => name)).toEqual([
      'GET /orders/progress',
      'OrdersController.progress',
    ]);
    orders.progress.next({ data: { done: 1 } });
    orders.progress.next({ data: { done: 2 } });
    orders.progress.complete();
    expect(await response.text()).toContain('data: {"done":1}\n\nid: 2\ndata: {"done":2}\n\n');
    await served.settled();
    spans.only([
      request('/orders/progress', 200, {
        handler: { name: 'OrdersController.progress', attributes: http('/orders/progress', 200) },
      }),
    ]);
    expect(served.listeners.left()).toEqual([]);
  });

  test('an event stream that fails after its headers is an error, whatever its status', async () => {
    using spans = recordSpans();
    await using served = await serve(AppModule, adapter());
    const orders = served.app.get(OrdersService);
    const response = await fetch(`${served.url}/orders/progress`);
    await orders.stage.entered();
    orders.progress.error(new Error('the line is cut'));
    await response.text();
    await served.settled();
    spans.only([
      request('/orders/progress', 200, {
        error: 'Error',
        handler: {
          name: 'OrdersController.progress',
          error: 'Error: the line is cut',
          attributes: http('/orders/progress', 200),
        },
      }),
    ]);
  });
});
