import { connect as connectHttp2 } from 'node:http2';
import { getEventListeners, once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Header,
  type INestApplication,
  type MiddlewareConsumer,
  Module,
  type NestInterceptor,
  type NestModule,
  NotFoundException,
  Param,
  type PipeTransform,
  Post,
  RequestMethod,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { type AbstractHttpAdapter, LazyModuleLoader, NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  context,
  INVALID_SPAN_CONTEXT,
  propagation,
  type Span,
  SpanKind,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CBaggagePropagator, W3CTraceContextPropagator, CompositePropagator } from '@opentelemetry/core';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { AlwaysOffSampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { configure, liveSpans, withSpan } from '../../src/index.ts';
import { PortableContextManager } from '../../src/platform/portable-context-manager.ts';
import { TracingModule, type TracingModuleOptions } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { deferred, dropping, record, reported } from '../harness.ts';
import { adapters, serve, Served } from './serve.ts';

/** Which span was active where, by name. */
let seen: string[] = [];

interface Named {
  readonly name?: string;
}

function look(where: string): void {
  seen.push(`${where}: ${(trace.getActiveSpan() as Named | undefined)?.name ?? 'none'}`);
}

const guard: CanActivate = {
  canActivate(execution: ExecutionContext) {
    look('guard');
    const { url } = execution.switchToHttp().getRequest<{ url: string }>();
    if (url.startsWith('/stock/refused')) throw new ForbiddenException();
    return true;
  },
};

const pipe: PipeTransform = {
  transform(value: unknown) {
    look('pipe');
    return value;
  },
};

const interceptor: NestInterceptor = {
  intercept(_context, next) {
    look('interceptor');
    return next.handle();
  },
};

@Catch()
class LookingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    look('filter');
    const response = host.switchToHttp().getResponse<{ raw?: ServerResponse } & ServerResponse>();
    const node = response.raw ?? response;
    node.statusCode = 403;
    node.end('refused');
  }
}

@Catch()
class MendingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{ raw?: ServerResponse } & ServerResponse>();
    (response.raw ?? response).end('made good');
  }
}

@Controller('stock')
@UseGuards(guard)
@UseInterceptors(interceptor)
@UseFilters(LookingFilter)
class StockController {
  @Get('refused')
  refused() {}

  @Get('baggage')
  baggage() {
    return propagation.getActiveBaggage()?.getEntry('tenant')?.value;
  }

  @Get('page')
  @Header('content-type', 'text/plain')
  page() {
    look('handler');
    return 'a page';
  }

  @Get('made-good')
  @UseFilters(MendingFilter)
  fail() {
    throw new Error('the till is empty');
  }

  @Get(':id')
  find(@Param('id', pipe) id: string) {
    look('handler');
    return id;
  }

  @Post()
  add() {
    look('handler');
  }
}

/** Answers from an event of the request, as what reads bodies does. */
function readBody(request: IncomingMessage, response: ServerResponse): void {
  request.on('end', () => {
    look('body');
    response.end();
  });
  request.resume();
}

function moduleWith(options: TracingModuleOptions, ...middleware: ((...args: never[]) => void)[]) {
  @Module({ imports: [TracingModule.forRoot(options)], controllers: [StockController] })
  class AppModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      for (const each of middleware) consumer.apply(each).forRoutes('{*all}');
    }
  }
  return AppModule;
}

async function spansOf(
  options: TracingModuleOptions,
  adapter: AbstractHttpAdapter,
  ...paths: string[]
): Promise<string> {
  using spans = recordSpans();
  await using served = await serve(moduleWith(options), adapter);
  for (const path of paths) await (await fetch(served.url + path)).text();
  await served.settled();
  return spans.spans
    .filter(({ parent }) => parent === undefined)
    .map(({ name, attributes }) => `${name} ${String(attributes['url.path'] ?? '')}`.trim())
    .join(', ');
}

afterEach(() => {
  seen = [];
  propagation.disable();
  configure({ enabled: true });
});

const instrumentation = new HttpInstrumentation({
  ignoreIncomingRequestHook: ({ url }) => url === '/stock/ignored',
  disableOutgoingRequestInstrumentation: true,
});
// It patches the prototype of the server, once somebody asks for the module.
createRequire(import.meta.url)('node:http');
instrumentation.disable();

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

describe.each(adapters)('%s', (name, adapter) => {
  test('it has what the conventions ask for, and nothing of the person', async () => {
    const { spans } = record();
    await using served = await serve(moduleWith({}), adapter());
    await (await fetch(`${served.url}/stock/7?secret=1`, { headers: { 'user-agent': 'till' } })).text();
    await served.settled();
    expect(spans().map((span) => [span.name, span.kind])).toEqual([
      ['StockController.find', SpanKind.INTERNAL],
      ['GET /stock/:id', SpanKind.SERVER],
    ]);
    expect(spans()[1]!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/stock/:id',
      'network.protocol.version': '1.1',
      'server.address': '127.0.0.1',
      'server.port': served.port,
      'url.path': '/stock/7',
      'url.scheme': 'http',
      'user_agent.original': 'till',
    });
  });

  test.each([
    [{ forwarded: 'for=10.0.0.1;host="shop.test:8443";proto=HTTPS, host=inner' }, 'https shop.test 8443'],
    [{ 'x-forwarded-host': 'shop.test, inner:80', 'x-forwarded-proto': 'https,http' }, 'https shop.test'],
    [{ forwarded: 'for=10.0.0.1', 'x-forwarded-proto': 'https' }, 'https 127.0.0.1 PORT'],
    [{ 'x-forwarded-host': '', forwarded: '' }, 'http 127.0.0.1 PORT'],
  ])('it is told as the client of a proxy made it: %j', async (headers, told) => {
    const { spans } = record();
    await using served = await serve(moduleWith({}), adapter());
    await (await fetch(`${served.url}/stock/7`, { headers: headers as Record<string, string> })).text();
    await served.settled();
    const { attributes } = spans().at(-1)!;
    const facts = ['url.scheme', 'server.address', 'server.port'].map((key) => attributes[key]);
    expect(facts.join(' ').trim()).toBe(told.replace('PORT', String(served.port)));
  });

  test('it continues the trace of its headers, baggage too', async () => {
    propagation.setGlobalPropagator(
      new CompositePropagator({
        propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
      }),
    );
    const { spans } = record();
    await using served = await serve(moduleWith({}), adapter());
    const headers = { traceparent, baggage: 'tenant=acme' };
    expect(await (await fetch(`${served.url}/stock/baggage`, { headers })).text()).toBe('acme');
    await served.settled();
    const [handler, request] = spans();
    expect(request!.spanContext().traceId).toBe('a'.repeat(32));
    expect(request!.parentSpanContext).toMatchObject({ spanId: 'b'.repeat(16), isRemote: true });
    expect(handler!.parentSpanContext?.spanId).toBe(request!.spanContext().spanId);
  });

  test('it is active in all that handles the request', async () => {
    using spans = recordSpans();
    const middleware = (_request: unknown, _response: unknown, next: () => void) => {
      look('middleware');
      next();
    };
    const prepare = (app: { use(fn: unknown): void }) =>
      app.use((_request: unknown, _response: unknown, next: () => void) => {
        look('app.use');
        next();
      });
    await using served = await serve(moduleWith({}, middleware), adapter(), prepare);
    await (await fetch(`${served.url}/stock/7`)).text();
    expect((await fetch(`${served.url}/stock/refused`)).status).toBe(403);
    await served.settled();
    // Fastify has routed the request by then.
    const early = (route: string) => (name === 'fastify' ? `GET ${route}` : 'GET');
    const [found, refused] = [early('/stock/:id'), early('/stock/refused')];
    expect(seen).toEqual([
      `app.use: ${found}`,
      `middleware: ${found}`,
      `guard: ${found}`,
      'interceptor: StockController.find',
      'pipe: StockController.find',
      'handler: StockController.find',
      `app.use: ${refused}`,
      `middleware: ${refused}`,
      `guard: ${refused}`,
      `filter: ${refused}`,
    ]);
    spans.only([
      { name: 'GET /stock/:id', children: ['StockController.find'] },
      {
        name: 'GET /stock/refused',
        attributes: { 'http.response.status_code': 403, 'http.route': '/stock/refused', error: undefined! },
      },
    ]);
  });

  test('it stays active where a middleware goes on from an event of the request', async () => {
    using spans = recordSpans();
    await using served = await serve(moduleWith({}, readBody as never), adapter());
    const socket = connect(served.port, '127.0.0.1').resume();
    const head = 'POST /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n';
    await new Promise((written) => socket.write(head, written));
    socket.end('body');
    await once(socket, 'close');
    await served.settled();
    expect(seen).toEqual(['body: POST']);
    spans.only(['POST']);
  });

  test('it stays active there with a context manager that binds no emitters', async () => {
    context.disable();
    context.setGlobalContextManager(new PortableContextManager());
    using spans = recordSpans();
    await using served = await serve(moduleWith({}, readBody as never), adapter());
    expect((await fetch(`${served.url}/stock`, { method: 'POST', body: 'tea' })).status).toBe(200);
    await served.settled();
    expect(seen).toEqual([name === 'fastify' ? 'body: POST /stock' : 'body: POST']);
    spans.only([name === 'fastify' ? 'POST /stock' : 'POST']);
  });

  test('what hears of a request and its response is what was put there, and hears it where it is told', async () => {
    const heard = () => look('event');
    const listening = (node: IncomingMessage | ServerResponse) => {
      for (const add of ['on', 'once', 'addListener', 'prependListener'] as const) node[add]('told', heard);
      const found = [...node.listeners('told'), ...getEventListeners(node, 'told')];
      withSpan('told', () => node.emit('told'));
      for (let i = 0; i < 3; i++) node.off('told', heard);
      return {
        keys: Object.keys(node),
        isSame: found.every((each) => each === heard),
        left: node.listenerCount('told'),
      };
    };
    const answers = async (...imports: DynamicModule[]) => {
      const found: object[] = [];
      const middleware = (request: IncomingMessage, response: ServerResponse) => {
        found.push(listening(request), listening(response));
        response.end();
      };
      @Module({ imports })
      class AppModule implements NestModule {
        configure(consumer: MiddlewareConsumer): void {
          consumer.apply(middleware).forRoutes('{*all}');
        }
      }
      await using served = await serve(AppModule, adapter());
      await (await fetch(served.url)).text();
      await served.settled();
      return found;
    };
    const without = await answers();
    expect(without).toMatchObject([
      { isSame: true, left: 0 },
      { isSame: true, left: 0 },
    ]);
    using spans = recordSpans();
    expect(await answers(TracingModule.forRoot())).toEqual(without);
    spans.only([{ name: 'GET', children: ['told', 'told'] }]);
    expect(new Set(seen.splice(8))).toEqual(new Set(['event: told']));
  });

  test('a handler is its child, also where a middleware has lost the context', async () => {
    using spans = recordSpans();
    const waiting = deferred<() => void>();
    await using served = await serve(
      moduleWith({}, ((_request: unknown, _response: unknown, next: () => void) =>
        waiting.resolve(next)) as never),
      adapter(),
    );
    const response = fetch(`${served.url}/stock/7`);
    (await waiting.promise)();
    await (await response).text();
    await served.settled();
    expect(seen).toContain('guard: none');
    spans.only([{ name: 'GET /stock/:id', children: ['StockController.find'] }]);
  });

  test('a handler is its child, also where a middleware goes on in the context of another request', async () => {
    using spans = recordSpans();
    const run = withSpan('another request', () => context.bind(context.active(), (go: () => void) => go()));
    const inLive = (go: () => void) =>
      withSpan({ name: 'on purpose', relation: 'root' }, async () => {
        go();
        await ended.promise;
      });
    const unsampled = trace.setSpanContext(context.active(), {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      traceFlags: 0,
    });
    const ways = [run, (go: () => void) => context.with(unsampled, go), inLive];
    const ended = deferred();
    await using served = await serve(
      moduleWith({}, ((_request: unknown, response: ServerResponse, next: () => void) => {
        void ways.shift()!(next);
        if (ways.length === 0) response.once('close', () => ended.resolve());
      }) as never),
      adapter(),
    );
    for (let i = 0; i < 3; i++) await (await fetch(`${served.url}/stock/7`)).text();
    await served.settled();
    const request = { name: 'GET /stock/:id', children: ['StockController.find'] };
    spans.only([
      'another request',
      request,
      request,
      'GET /stock/:id',
      { name: 'on purpose', children: ['StockController.find'] },
    ]);
  });

  test('a handler is its child, also where a middleware goes on in the context of one that is live', async () => {
    using spans = recordSpans();
    const waiting = deferred<() => void>();
    let inFirst: ((go: () => void) => void) | undefined;
    const middleware = (_request: unknown, _response: unknown, next: () => void) => {
      if (inFirst !== undefined) return inFirst(next);
      inFirst = context.bind(context.active(), (go: () => void) => go());
      return waiting.resolve(next);
    };
    await using served = await serve(moduleWith({}, middleware as never), adapter());
    const slow = fetch(`${served.url}/stock/page`);
    const next = await waiting.promise;
    await (await fetch(`${served.url}/stock/7`)).text();
    next();
    await (await slow).text();
    await served.settled();
    spans.only([
      { name: 'GET /stock/page', children: ['StockController.page'] },
      { name: 'GET /stock/:id', children: ['StockController.find'] },
    ]);
  });

  test('a handler ends before what is around it and ends when the response is finished, as in the instrumentation of Express', async () => {
    const { rows } = record();
    const around = (_request: unknown, response: ServerResponse, next: () => void) => {
      const span = trace.getTracer('express').startSpan('request handler');
      response.on('finish', () => span.end());
      context.with(trace.setSpan(context.active(), span), next);
    };
    await using served = await serve(moduleWith({ requests: false }, around as never), adapter());
    await (await fetch(`${served.url}/stock/7`)).text();
    await served.settled();
    expect(rows().map((row) => row.name)).toEqual(['StockController.find', 'request handler']);
  });

  test('a handler ends before its request, also where that has waited for its connection', async () => {
    const { rows } = record();
    const first = deferred<void>();
    const middleware = async (
      request: { originalUrl?: string },
      response: ServerResponse,
      next: () => void,
    ) => {
      response.on('close', first.resolve);
      if (request.originalUrl !== '/stock/page') await first.promise;
      next();
    };
    await using served = await serve(moduleWith({}, middleware as never), adapter());
    const socket = connect(served.port, '127.0.0.1').resume();
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    socket.write(request('/stock/page') + request('/stock/7'));
    await first.promise;
    await served.settled();
    socket.destroy();
    expect(rows().map((row) => row.name)).toEqual([
      'StockController.page',
      'GET /stock/page',
      'StockController.find',
      'GET /stock/:id',
    ]);
  });

  test('an exception that a filter answers with 200 is an error of the handler alone', async () => {
    using spans = recordSpans();
    await using served = await serve(moduleWith({}), adapter());
    expect(await (await fetch(`${served.url}/stock/made-good`)).text()).toBe('made good');
    await served.settled();
    spans.only([
      {
        name: 'GET /stock/made-good',
        attributes: { 'http.response.status_code': 200, error: undefined! },
        children: [{ name: 'StockController.fail', error: 'Error: the till is empty' }],
      },
    ]);
  });

  test('it takes what is written on it when its response has been sent', async () => {
    using spans = recordSpans();
    const middleware = (_request: unknown, response: ServerResponse, next: () => void) => {
      response.on('finish', () => trace.getActiveSpan()?.setAttribute('tea', 'served'));
      next();
    };
    await using served = await serve(moduleWith({}, middleware as never), adapter());
    await (await fetch(`${served.url}/stock/7`)).text();
    await served.settled();
    spans.only([
      {
        name: 'GET /stock/:id',
        attributes: { tea: 'served' },
        children: ['StockController.find'],
      },
    ]);
    expect(reported).toEqual([]);
    expect(served.listeners.left()).toEqual([]);
  });

  test('an unknown method is in no name', async () => {
    using spans = recordSpans();
    await using served = await serve(moduleWith({}), adapter());
    const socket = connect(served.port, '127.0.0.1').resume();
    socket.write('PURGE /stock HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n');
    await once(socket, 'close');
    await served.settled();
    spans.only([
      {
        name: 'HTTP',
        attributes: {
          'http.request.method': '_OTHER',
          'http.request.method_original': 'PURGE',
          'server.address': '::1',
          'server.port': 80,
        },
      },
    ]);
  });

  test('`auto`: none where something around the application has made a span; `true`: its child; `false`: none', async () => {
    const inSpan = async (requests: TracingModuleOptions['requests']) => {
      using spans = recordSpans();
      await using served = await serve(moduleWith({ requests }), adapter());
      const server = served.app.getHttpServer() as { emit: (...args: unknown[]) => boolean };
      const emit = server.emit.bind(server);
      server.emit = (event, ...args) =>
        event === 'request' ? withSpan('around', () => emit(event, ...args)) : emit(event, ...args);
      await (await fetch(`${served.url}/stock/7`)).text();
      await served.settled();
      return spans
        .tree()
        .replaceAll(/ \{.*\}/g, '')
        .trim();
    };
    expect(await inSpan('auto')).toBe('around\n  StockController.find');
    expect(await inSpan(false)).toBe('around\n  StockController.find');
    expect(await inSpan(true)).toBe('around\n  GET /stock/:id\n    StockController.find');
  });

  test('a span around the application that a tracer made which traces nothing is none', async () => {
    using spans = recordSpans();
    await using served = await serve(moduleWith({}), adapter());
    const server = served.app.getHttpServer() as { emit: (...args: unknown[]) => boolean };
    const emit = server.emit.bind(server);
    const around = trace.setSpanContext(context.active(), INVALID_SPAN_CONTEXT);
    server.emit = (...args) => context.with(around, () => emit(...args));
    await (await fetch(`${served.url}/stock/7`)).text();
    await served.settled();
    spans.only([{ name: 'GET /stock/:id', children: ['StockController.find'] }]);
  });

  test('a server that was started in a span, which has ended, has requests of their own', async () => {
    using spans = recordSpans();
    const served = await withSpan('bootstrap', () => serve(moduleWith({}), adapter()));
    await using _served = served;
    await (await fetch(`${served.url}/stock/7`)).text();
    await served.settled();
    spans.only(['bootstrap', { name: 'GET /stock/:id', children: ['StockController.find'] }]);
  });

  test('so has one that was started in a span which is not sampled', async () => {
    const { spans } = record({ sampler: dropping('bootstrap') });
    await using served = await withSpan('bootstrap', () => serve(moduleWith({}), adapter()));
    await (await fetch(`${served.url}/stock/7`)).text();
    await served.settled();
    expect(spans().map((span) => span.name)).toEqual(['StockController.find', 'GET /stock/:id']);
  });

  test('beside the HTTP instrumentation there is one, which learns the route, and none for what that ignores', async () => {
    using spans = recordSpans();
    instrumentation.setTracerProvider(trace.getTracerProvider());
    instrumentation.enable();
    try {
      const live: string[] = [];
      const middleware = (_request: unknown, _response: unknown, next: () => void) => {
        live.push(...liveSpans().map((span) => span.name));
        next();
      };
      await using served = await serve(moduleWith({}, middleware), adapter());
      for (const id of ['7', 'ignored']) await (await fetch(`${served.url}/stock/${id}`)).text();
      expect(live).toEqual([]);
      await served.settled();
      spans.only([
        {
          name: 'GET /stock/:id',
          attributes: { 'http.route': '/stock/:id' },
          children: ['StockController.find'],
        },
      ]);
    } finally {
      instrumentation.disable();
    }
  });

  test('`include` and `exclude` hold for it, by the path where there is no route yet', async () => {
    const paths = ['/stock/7', '/stock/page', '/nowhere', '/health/live'];
    const among = (options: TracingModuleOptions) => spansOf(options, adapter(), ...paths);
    expect(await among({ exclude: ['/stock'] })).toBe('GET /nowhere, GET /health/live');
    expect(await among({ exclude: [/^\/health/, '/nowhere/'] })).toBe(
      'GET /stock/:id /stock/7, GET /stock/page /stock/page',
    );
    expect(await among({ include: ['/health'] })).toBe('GET /health/live');
    expect(await spansOf({ exclude: ['/nowhere/:more'] }, adapter(), '/nowhere/')).toBe('GET /nowhere/');
    expect(await among({ exclude: ['/health{/:any}'] })).toBe(
      'GET /stock/:id /stock/7, GET /stock/page /stock/page, GET /nowhere',
    );
    expect(await among({ include: ['/'], exclude: ['/stock/page', '/:any/live'] })).toBe(
      'GET /stock/:id /stock/7, GET /nowhere',
    );
  });

  test('what is below a route that is left out begins no trace, and is in the one that is there', async () => {
    const work = (where: string) => withSpan(where, () => {});
    @Controller('health')
    class HealthController {
      @Get('live')
      @UseGuards({ canActivate: () => (work('guard'), true) })
      live() {
        work('handler');
      }
    }
    const middleware = (request: IncomingMessage, _response: unknown, next: () => void) => {
      work('middleware');
      request.once('end', () => work('event'));
      next();
    };
    const around = ['middleware', 'guard', 'event'];
    const ran = async (options: TracingModuleOptions, prepare?: (app: INestApplication) => void) => {
      @Module({ imports: [TracingModule.forRoot(options)], controllers: [HealthController] })
      class AppModule implements NestModule {
        configure(consumer: MiddlewareConsumer): void {
          consumer.apply(middleware).forRoutes('{*all}');
        }
      }
      using spans = recordSpans();
      await using served = await serve(AppModule, adapter(), prepare);
      expect((await fetch(`${served.url}/health/live`)).status).toBe(200);
      await served.settled();
      return new Set(spans.spans.map(({ name: of, parent }) => `${of} in ${parent?.name ?? 'none'}`));
    };
    const inNone = (...names: string[]) => new Set(names.map((each) => `${each} in none`));
    expect(await ran({ exclude: ['/health'] })).toEqual(new Set());
    // Express has not routed the request by then: this could be another one's.
    const whole = await ran({});
    const alone = new Set([
      ...inNone(...around, 'HealthController.live'),
      'handler in HealthController.live',
    ]);
    expect(await ran({ exclude: ['/:any'] })).toEqual(name === 'fastify' ? whole : alone);
    // The handler alone.
    expect(await ran({ include: ['/orders'] })).toEqual(inNone(...around));
    expect(await ran({ exclude: ['/health'], requests: false })).toEqual(inNone(...around));
    expect(await ran({ exclude: ['/HEALTH/LIVE'] })).toEqual(name === 'fastify' ? await ran({}) : new Set());
    const inSpan = (app: INestApplication) =>
      app.use((_request: unknown, response: ServerResponse, next: () => void) =>
        withSpan('around', async () => {
          next();
          await once(response, 'finish');
        }),
      );
    expect(await ran({ exclude: ['/health'], requests: false }, inSpan)).toContain('handler in around');
  });

  test('what traces nothing leaves alone what others trace', async () => {
    @Controller('health')
    class HealthController {
      @Get()
      live() {
        trace.getTracer('others').startSpan('query').end();
      }
    }
    for (const requests of [true, false]) {
      const options = { enabled: false, exclude: ['/health'], requests };
      @Module({ imports: [TracingModule.forRoot(options)], controllers: [HealthController] })
      class AppModule {}
      using spans = recordSpans();
      await using served = await serve(AppModule, adapter());
      expect((await fetch(`${served.url}/health`)).status).toBe(200);
      await served.settled();
      spans.only(['query']);
    }
  });

  test("the adapter's own request hook goes on, inside the span, whenever it was set", async () => {
    const hook = (where: string) => (_request: unknown, _response: unknown, done: () => void) => {
      look(where);
      done();
    };
    using spans = recordSpans();
    const hooked = adapter() as AbstractHttpAdapter & { setOnRequestHook(hook: unknown): void };
    hooked.setOnRequestHook(hook('before'));
    await using served = await serve(moduleWith({}), hooked);
    await (await fetch(`${served.url}/stock/7`)).text();
    hooked.setOnRequestHook(hook('after'));
    await (await fetch(`${served.url}/stock/7`)).text();
    hooked.setOnRequestHook(null);
    expect(await (await fetch(`${served.url}/stock/7`)).text()).toBe('7');
    await served.settled();
    const early = name === 'fastify' ? 'GET /stock/:id' : 'GET';
    expect(seen.filter((line) => /^(before|after)/.test(line))).toEqual([
      `before: ${early}`,
      `after: ${early}`,
    ]);
    const request = { name: 'GET /stock/:id', children: ['StockController.find'] };
    spans.only([request, request, request]);
  });

  test('an adapter without hooks: handlers have their spans', async () => {
    using spans = recordSpans();
    const bare = Object.assign(adapter(), { setOnRequestHook: undefined });
    await using served = await serve(moduleWith({}), bare);
    expect(await (await fetch(`${served.url}/stock/7`)).text()).toBe('7');
    await served.settled();
    spans.only(['StockController.find']);
  });

  test('in a testing module, which gets its adapter last', async () => {
    using spans = recordSpans();
    const testing = await Test.createTestingModule({ imports: [moduleWith({})] }).compile();
    const app = testing.createNestApplication<INestApplication>(adapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    await using served = new Served(app);
    expect(await (await fetch(`${served.url}/stock/7`)).text()).toBe('7');
    await served.settled();
    spans.only([{ name: 'GET /stock/:id', children: ['StockController.find'] }]);
  });

  test('a propagator that throws costs the trace that is continued, not the span', async () => {
    const failing = {
      inject() {},
      fields: () => [],
      extract: () => {
        throw new Error('no');
      },
    };
    propagation.setGlobalPropagator(failing);
    using spans = recordSpans();
    await using served = await serve(moduleWith({}), adapter());
    expect(await (await fetch(`${served.url}/stock/7`)).text()).toBe('7');
    await served.settled();
    spans.only([{ name: 'GET /stock/:id', children: ['StockController.find'] }]);
    expect(reported.splice(0)).toEqual([
      ['oncespan: reading the headers of a request threw', new Error('no')],
    ]);
  });

  test('one that asks for a WebSocket, where there are none, is a request', async () => {
    using spans = recordSpans();
    await using served = await serve(moduleWith({}), adapter());
    const socket = connect(served.port, '127.0.0.1').resume();
    socket.write(
      'GET /stock/7 HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n',
    );
    await once(socket, 'close');
    await served.settled();
    spans.only([{ name: 'GET /stock/:id', children: ['StockController.find'] }]);
  });

  test('not sampled, it leaves nothing behind, and what is below is not sampled either', async () => {
    const { spans } = record({ sampler: new AlwaysOffSampler() });
    await using served = await serve(moduleWith({}), adapter());
    expect(await (await fetch(`${served.url}/stock/7`)).text()).toBe('7');
    await served.settled();
    expect(spans()).toEqual([]);
    expect(served.listeners.left()).toEqual([]);
  });

  test('a sampler that throws costs the span, not the request', async () => {
    const { spans } = record({
      sampler: {
        shouldSample(_context, _traceId, spanName) {
          if (spanName.startsWith('GET')) throw new Error('no');
          return { decision: SamplingDecision.RECORD_AND_SAMPLED };
        },
      },
    });
    await using served = await serve(moduleWith({}), adapter());
    expect(await (await fetch(`${served.url}/stock/7`)).text()).toBe('7');
    await served.settled();
    expect(spans().map((span) => span.name)).toEqual(['StockController.find']);
    expect(reported.splice(0)).toEqual([['oncespan: tracer.startSpan() threw', new Error('no')]]);
  });

  test.each([
    [
      'threw',
      () => {
        throw new Error('no');
      },
    ],
    ['rejected', () => Promise.reject(new Error('no'))],
  ] as const)('a span all of whose methods %s is not noticed', async (how, call) => {
    const startSpan = () => new Proxy({} as Span, { get: () => call });
    trace.disable();
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as unknown as Tracer });
    await using served = await serve(moduleWith({ traceResponseHeader: true }), adapter());
    expect(await (await fetch(`${served.url}/stock/7`)).text()).toBe('7');
    await served.settled();
    expect(liveSpans()).toEqual([]);
    const said = new Set(reported.splice(0).map(([text]) => text));
    for (const method of ['spanContext', 'updateName', 'setAttribute', 'end'])
      expect(said).toContain(`oncespan: span.${method}() ${how}`);
  });

  test('traceresponse names the span that is around the request', async () => {
    using spans = recordSpans();
    await using served = await serve(moduleWith({ traceResponseHeader: true }), adapter());
    const told = async (path: string) => (await fetch(served.url + path)).headers.get('traceresponse');
    const answers = [await told('/stock/refused'), await told('/nowhere')];
    await served.settled();
    expect(answers).toEqual(
      spans.spans.map((span) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`),
    );
  });
});

/** As far as routes go, an Express application is a router, too. */
interface ExpressRouter {
  use(path: string | string[] | RegExp, router: ExpressRouter): unknown;
  get(path: string, handler: (request: unknown, response: ServerResponse) => void): void;
}

interface Express {
  (): ExpressRouter;
  Router(): ExpressRouter;
}

const load = createRequire(import.meta.url);
const express = load('express') as Express;
const express4 = load('express-4') as Express;
const olderRouter = load('router-2.2') as () => ExpressRouter;

const refuse: CanActivate = {
  canActivate() {
    throw new NotFoundException();
  },
};

@Controller('stock')
class HidingController {
  @Get('hidden/:id')
  @UseGuards(refuse)
  find() {}
}

/** The spans of requests to an application of Nest, by their names, routes and paths. */
async function routesOf(prepare: (app: INestApplication) => void, ...paths: string[]): Promise<string[]> {
  const here = (_request: unknown, _response: unknown, next: () => void) => next();
  @Module({ imports: [TracingModule.forRoot()], controllers: [HidingController] })
  class AppModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(here).forRoutes({ path: 'old/{*rest}', method: RequestMethod.GET });
    }
  }
  using spans = recordSpans();
  await using served = await serve(AppModule, new ExpressAdapter(), prepare);
  for (const path of paths) await (await fetch(served.url + path)).text();
  await served.settled();
  return spans.spans.map(({ name, attributes }) =>
    [name, attributes['http.route'] ?? 'none', attributes['http.response.status_code']].join(' | '),
  );
}

describe('on Express, the route of a request', () => {
  test('is not that of a middleware where none fits', async () => {
    expect(await routesOf(() => {}, '/old/page')).toEqual(['GET | none | 404']);
    const exclude = [{ path: 'stock/{*all}', method: RequestMethod.GET }];
    const prefixed = (app: INestApplication) => void app.setGlobalPrefix('api', { exclude });
    expect(await routesOf(prefixed, '/api/nowhere', '/old/page', '/stock/nowhere')).toEqual([
      'GET | none | 404',
      'GET | none | 404',
      'GET | none | 404',
    ]);
  });

  test('is that of a guard that finds nothing', async () => {
    expect(await routesOf(() => {}, '/stock/hidden/7')).toEqual([
      'GET /stock/hidden/:id | /stock/hidden/:id | 404',
    ]);
  });

  const withItems = (router: ExpressRouter) => {
    router.get('/items/:id', (_request, response) => void response.end());
    router.get('/broken/:id', () => {
      throw new Error('no such shelf');
    });
    return router;
  };
  const items = () => withItems(express.Router());
  const below = (path: string, router: ExpressRouter) => {
    const around = express.Router();
    around.use(path, router);
    return around;
  };
  /** What it is cannot be seen. */
  const hidden = (router: ExpressRouter) =>
    ((...args: never[]) =>
      Reflect.apply(router as never, undefined, args) as unknown) as never as ExpressRouter;

  type Mount = [path: string | string[] | RegExp, router: ExpressRouter];

  test.each<[string, Mount, path: string, route: string]>([
    ['a router', ['/admin', items()], '/admin', '/admin'],
    ['one without a path', ['/', items()], '', ''],
    ['one with a slash', ['/admin/', items()], '/admin', '/admin'],
    ['one in another case', ['/Admin', items()], '/aDMIN', '/Admin'],
    ['one below a parameter', ['/tenants/:tenant', items()], '/tenants/acme', '/tenants/:tenant'],
    ['one of two paths', [['/shelves', '/racks/:rack'], items()], '/racks/9', '/racks/:rack'],
    ['a function', ['/admin', hidden(items())], '/admin', '/admin'],
    ['an application', ['/admin', withItems(express())], '/admin', '/admin'],
    ['one of two paths', [['/a', '/b'], withItems(express())], '/b', '/b'],
    ['a router in an application', ['/admin', express().use('/', items()) as never], '/admin', '/admin'],
  ])('in %s', async (_, [mount, router], path, route) => {
    const prepare = (app: INestApplication) => (app as never as ExpressRouter).use(mount, router);
    const paths = [`${path}/items/7?secret=1`, `${path}/broken/7`, `${path}/nowhere`];
    expect(await routesOf(prepare, ...paths)).toEqual([
      `GET ${route}/items/:id | ${route}/items/:id | 200`,
      // Its error has left the router.
      'GET | none | 500',
      'GET | none | 404',
    ]);
  });

  test.each<[string, Mount, path: string]>([
    ['a router in a router', ['/admin', below('/:tenant', items())], '/admin/acme'],
    ['a function below a parameter', ['/:tenant', hidden(items())], '/acme'],
    ['an application below a parameter', ['/:tenant', withItems(express())], '/acme'],
    ['a router below an optional parameter', ['/admin{/:tenant}', items()], '/admin/acme'],
    ['a router of another version', ['/old', withItems(olderRouter())], '/old'],
    ['one of Express 4', ['/old', withItems(express4())], '/old'],
  ])('is not told in %s', async (_, [mount, router], path) => {
    const prepare = (app: INestApplication) => (app as never as ExpressRouter).use(mount, router);
    const paths = [`${path}/items/7`, `${path}/broken/7`, `${path}/nowhere`];
    expect(await routesOf(prepare, ...paths)).toEqual([
      'GET | none | 200',
      'GET | none | 500',
      'GET | none | 404',
    ]);
  });

  test('of an application that is mounted twice is that of the place', async () => {
    const twice = withItems(express());
    const prepare = (app: INestApplication) => {
      const { use } = app as never as ExpressRouter;
      use('/a', twice);
      use('/b', twice);
    };
    expect(await routesOf(prepare, '/a/items/7', '/b/items/7')).toEqual([
      'GET /a/items/:id | /a/items/:id | 200',
      'GET /b/items/:id | /b/items/:id | 200',
    ]);
  });

  test('in a router below a regular expression that remembers where it was: it fits each other time, as it did', async () => {
    const prepare = (app: INestApplication) => (app as never as ExpressRouter).use(/^\/v\d+/g, items());
    expect(await routesOf(prepare, ...Array<string>(4).fill('/v7/items/7'))).toEqual([
      'GET | none | 200',
      'GET | none | 404',
      'GET | none | 200',
      'GET | none | 404',
    ]);
  });

  test('is not that of what has passed the request on', async () => {
    const pass = (_request: unknown, _response: unknown, next: () => void) => next();
    const answer = (_request: unknown, response: ServerResponse) => void response.end();
    const prepare = (app: INestApplication) => {
      const router = app.getHttpAdapter().getInstance() as Record<
        'get' | 'use',
        (...given: unknown[]) => void
      >;
      router.get('/passed/*rest', pass);
      router.use('/passed/on', answer);
      router.get('/gone/:where', pass);
      router.use((request: IncomingMessage, response: ServerResponse, next: () => void) =>
        request.url === '/gone/on' ? answer(request, response) : next(),
      );
      router.get('/left/:where', pass);
      app.setGlobalPrefix('api');
    };
    const router = express.Router();
    router.get('/items/:id', pass as never);
    const left = (app: INestApplication) => {
      const { use } = app as never as { use(path: string, handler: unknown): void };
      use('/', router);
      use('/items', answer);
    };
    expect(await routesOf(left, '/items/7')).toEqual(['GET | none | 200']);
    const failing = express.Router();
    failing.get('/', () => {
      throw new Error('no such shelf');
    });
    const prefixed = (app: INestApplication) => void (app as never as ExpressRouter).use('/admin', failing);
    // What hears of the error notes `/`, too.
    expect(await routesOf(prefixed, '/admin')).toEqual(['GET | none | 500']);
    expect(await routesOf(prepare, '/passed/on', '/gone/on', '/left/on', '/api/left/on')).toEqual([
      'GET | none | 200',
      'GET | none | 200',
      'GET | none | 404',
      'GET | none | 404',
    ]);
  });
});

/** Of an Express application that has the one of Nest in it. */
interface Outer extends RequestListener {
  use(path: string, ...handlers: unknown[]): void;
}

async function mounted(path: string, options: TracingModuleOptions = {}, ...before: unknown[]) {
  const app = await NestFactory.create(moduleWith(options), new ExpressAdapter(), { logger: false });
  await app.init();
  const outer = new ExpressAdapter().getInstance() as Outer;
  outer.use(path, ...before, app.getHttpAdapter().getInstance());
  const server = createServer(outer);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
    await app.close();
  };
  return { port, [Symbol.asyncDispose]: close };
}

test('on Express, in another application: by the whole path, and the method that was asked for', async () => {
  using spans = recordSpans();
  const override = (request: IncomingMessage & { raw?: string }, _response: unknown, next: () => void) => {
    request.method = 'GET';
    request.raw = 'what a parser leaves there';
    next();
  };
  {
    await using outer = await mounted('/shop');
    expect((await fetch(`http://127.0.0.1:${outer.port}/shop/stock/7?secret=1`)).status).toBe(200);
  }
  {
    await using served = await serve(moduleWith({}, override as never), new ExpressAdapter());
    expect((await fetch(`${served.url}/stock/7`, { method: 'PUT' })).status).toBe(200);
    await served.settled();
  }
  spans.only([
    {
      name: 'GET /shop/stock/:id',
      attributes: { 'http.route': '/shop/stock/:id', 'url.path': '/shop/stock/7' },
      children: ['StockController.find'],
    },
    {
      name: 'PUT /stock/:id',
      attributes: { 'http.request.method': 'PUT', 'http.route': '/stock/:id' },
      children: ['StockController.find'],
    },
  ]);
});

test('on Express, in another application: without its path where that is not certain', async () => {
  using spans = recordSpans();
  {
    await using outer = await mounted('/tenants/:tenant');
    for (const path of ['stock/7', 'stock/refused', 'nowhere'])
      await (await fetch(`http://127.0.0.1:${outer.port}/tenants/acme/${path}`)).text();
  }
  spans.only([
    {
      name: 'GET /stock/:id',
      attributes: { 'http.route': '/stock/:id', 'url.path': '/tenants/acme/stock/7' },
      children: ['StockController.find'],
    },
    'GET /stock/refused',
    'GET',
  ]);
});

test('on Express, in another application: chosen with its path as it came where no template is known', async () => {
  using spans = recordSpans();
  {
    await using outer = await mounted('/tenants/:tenant', {
      requests: false,
      exclude: ['/tenants/acme/stock'],
    });
    for (const tenant of ['acme', 'other'])
      await (await fetch(`http://127.0.0.1:${outer.port}/tenants/${tenant}/stock/7`)).text();
  }
  {
    await using outer = await mounted('/shop', { requests: false, exclude: ['/shop/stock/:id'] });
    for (const path of ['/SHOP/stock/7', '/shop/stock/page'])
      await (await fetch(`http://127.0.0.1:${outer.port}${path}`)).text();
  }
  spans.only(['StockController.find', 'StockController.page']);
});

test('on Express, in another application: whose client has left before', async () => {
  using spans = recordSpans();
  const [entered, handled] = [deferred<IncomingMessage>(), deferred()];
  const waiting = (request: IncomingMessage, response: ServerResponse, next: () => void) => {
    response.once('close', () => {
      next();
      handled.resolve();
    });
    entered.resolve(request);
  };
  await using outer = await mounted('/shop', {}, waiting);
  const client = connect(outer.port, '127.0.0.1');
  client.write('GET /shop/nowhere HTTP/1.1\r\nHost: x\r\n\r\n');
  await entered.promise;
  client.destroy();
  await handled.promise;
  spans.only([
    {
      name: 'GET',
      outcome: 'aborted',
      attributes: { 'url.path': '/shop/nowhere', 'http.route': undefined! },
    },
  ]);
  expect(reported).toEqual([]);
});

test('of an application that has loaded the module when it listened', async () => {
  @Module({ controllers: [StockController] })
  class AppModule {}
  using spans = recordSpans();
  await using served = await serve(AppModule, new ExpressAdapter());
  await served.app.get(LazyModuleLoader).load(() => TracingModule.forRoot());
  expect((await fetch(`${served.url}/stock/7`)).status).toBe(200);
  await served.settled();
  // Nest gives nobody the global interceptors of such a module.
  spans.only(['GET /stock/:id']);
});

test('what is injected into Fastify never meets a server', async () => {
  using spans = recordSpans();
  await using served = await serve(moduleWith({}), new FastifyAdapter());
  const app = served.app as unknown as { inject(url: string): Promise<{ body: string }> };
  expect((await app.inject('/stock/7')).body).toBe('7');
  spans.only([{ name: 'GET /stock/:id', children: ['StockController.find'] }]);
});

test('an Express application that is called by a server of somebody else', async () => {
  using spans = recordSpans();
  const app = await NestFactory.create(moduleWith({}), new ExpressAdapter(), { logger: false });
  await app.init();
  const server = createServer(app.getHttpAdapter().getInstance() as RequestListener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await (await fetch(`http://127.0.0.1:${port}/stock/7`)).text()).toBe('7');
  server.closeAllConnections();
  await once(server.close(), 'close');
  await app.close();
  spans.only([{ name: 'GET /stock/:id', children: ['StockController.find'] }]);
});

test('over HTTP/2', async () => {
  using spans = recordSpans();
  await using served = await serve(moduleWith({}), new FastifyAdapter({ http2: true } as never));
  const session = connectHttp2(served.url);
  const stream = session.request({ ':path': '/stock/7?secret=1' }).resume();
  await once(stream, 'close');
  session.close();
  await served.settled();
  spans.only([
    {
      name: 'GET /stock/:id',
      attributes: {
        'network.protocol.version': '2',
        'server.address': '127.0.0.1',
        'server.port': served.port,
        'url.path': '/stock/7',
      },
      children: ['StockController.find'],
    },
  ]);
});

test.each([
  ['the server fails', undefined, { error: 'Error' }],
  ['the client calls it off', 8, { outcome: 'aborted' }],
  ['the client calls it off as an error', 2, { outcome: 'aborted' }],
] as const)('over HTTP/2, in the middle of a response: %s', async (_name, code, ending) => {
  const fail = deferred<ServerResponse>();
  const stream = (_request: unknown, response: ServerResponse) => {
    response.write('a part');
    fail.resolve(response);
  };
  using spans = recordSpans();
  await using served = await serve(
    moduleWith({}, stream as never),
    new FastifyAdapter({ http2: true } as never),
  );
  const session = connectHttp2(served.url);
  const asked = session.request({ ':path': '/stock/7' }).resume();
  asked.on('error', () => {});
  await once(asked, 'data');
  const response = await fail.promise;
  // Not `once` of node:events, which rejects for a stream that fails.
  const closed = new Promise((resolve) => asked.once('close', resolve));
  if (code === undefined) response.destroy(new Error('the disk is gone'));
  else asked.close(code);
  await closed;
  session.close();
  await served.settled();
  spans.only([{ name: 'GET /stock/:id', attributes: { 'http.response.status_code': 200 }, ...ending }]);
});

test('OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS takes the place of the known methods', async () => {
  vi.resetModules();
  vi.stubEnv('OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS', 'GET, PURGE');
  try {
    const { requestName } = await import('../../src/nestjs/request-facts.ts');
    expect(['GET', 'PURGE', 'POST'].map((method) => requestName(method, undefined))).toEqual([
      'GET',
      'PURGE',
      'HTTP',
    ]);
  } finally {
    vi.unstubAllEnvs();
    vi.resetModules();
  }
});
