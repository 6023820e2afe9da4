import { connect } from 'node:net';
import { Module } from '@nestjs/common';
import { afterEach, describe, expect, test } from 'vitest';
import { configure } from '../../src/index.ts';
import { TracingModule, type TracingModuleOptions } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { OrdersModule, OrdersService } from './orders.ts';
import { adapters, type Served, serve } from './serve.ts';

const everyOption: TracingModuleOptions[] = [
  {},
  { requests: true },
  { requests: false },
  { classes: 'providers' },
  { classes: { include: [OrdersService], exclude: [OrdersModule] } },
  { include: ['/orders'], exclude: ['/orders/:id', /raw/] },
  { enabled: false },
  { exceptionEvents: 'none', cancellation: 'unset', abortGraceMs: 10, attributes: { team: 'a' } },
];

function tracedModule(options: TracingModuleOptions) {
  @Module({ imports: [TracingModule.forRoot({ enabled: true, ...options }), OrdersModule] })
  class TracedModule {}
  return TracedModule;
}

const requests = [
  'GET /orders',
  'GET /orders/7',
  'HEAD /orders/7',
  'GET /orders/observed',
  'GET /orders/raw',
  'GET /orders/export',
  'HEAD /orders/export',
  'GET /orders/progress',
  'GET /orders/none',
  'GET /orders/broken',
  'GET /orders/gateway',
  'GET /orders/teapot',
  'GET /orders/circular',
  'GET /orders/secret',
  'GET /nowhere',
  'POST /orders {"item":"tea","times":2}',
  'POST /orders {"item":"tea"}',
  'POST /orders {"item":',
];

const statuses = [200, 200, 200, 200, 202, 200, 200, 200, 404, 500, 502, 418, 500, 403, 404, 201, 400, 400];

/** What came over the wire, to the last byte, but the date. */
async function exchange(served: Served, request: string): Promise<string> {
  const [method, path, ...words] = request.split(' ');
  const body = words.join(' ');
  const socket = connect(served.port, '127.0.0.1').setEncoding('latin1');
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  if (path === '/orders/progress') {
    const orders = served.app.get(OrdersService);
    await orders.stage.entered();
    for (const done of [1, 2]) orders.progress.next({ data: { done } });
    orders.progress.complete();
  }
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    // Nest keeps the connection of an event stream alive, whatever the client says.
    if (text.endsWith('\r\n0\r\n\r\n')) break;
  }
  return text.replace(/^date: .*\r\n/im, '');
}

async function answers(module: Parameters<typeof serve>[0], adapter: (typeof adapters)[number][1]) {
  await using served = await serve(module, adapter());
  const texts: string[] = [];
  for (const request of requests) texts.push(await exchange(served, request));
  await served.settled();
  return texts;
}

afterEach(() => {
  configure({
    enabled: true,
    exceptionEvents: 'every-span',
    cancellation: 'error',
    abortGraceMs: 0,
    attributes: {},
  });
});

describe.each(adapters)('%s', (_name, adapter) => {
  test('an application answers as it does without the module, byte for byte', async () => {
    const without = await answers(OrdersModule, adapter);
    expect(without.map((text) => Number(text.slice(9, 12)))).toEqual(statuses);
    for (const options of everyOption) {
      const said = JSON.stringify(options);
      expect(await answers(tracedModule(options), adapter), `${said}, without a provider`).toEqual(without);
      using spans = recordSpans();
      expect(await answers(tracedModule(options), adapter), `${said}, traced`).toEqual(without);
      const isOn = options.enabled !== false;
      expect(spans.spans.length > 0, `${said}, its spans`).toBe(isOn);
    }
  });

  test('traceResponseHeader adds one header to every answer, and nothing else', async () => {
    const without = await answers(OrdersModule, adapter);
    using spans = recordSpans();
    const told = await answers(tracedModule({ traceResponseHeader: true }), adapter);
    const header = /^traceresponse: 00-([0-9a-f]{32})-([0-9a-f]{16})-01\r\n/im;
    expect(told.map((text) => text.replace(header, ''))).toEqual(without);
    const identities = told
      .map((text) => header.exec(text))
      .filter((found) => found !== null)
      .map(([, traceId, spanId]) => `${traceId} ${spanId}`);
    const handled = spans.spans.filter(({ parent }) => parent === undefined);
    expect(identities).toEqual(
      handled.map((span) => `${span.spanContext().traceId} ${span.spanContext().spanId}`),
    );
  });
});
