import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Injectable,
  Module,
  type Type,
} from '@nestjs/common';
import { ExternalContextCreator, NestFactory } from '@nestjs/core';
import {
  type ClientProxy,
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { firstValueFrom, NEVER, type Observable, of, throwError, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { configure, Traced, withSpan } from '../../src/index.ts';
import { RequestSignal, TracedInterceptor, TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { deferred } from '../harness.ts';
import { type Served, serve } from './serve.ts';

const rpc = (method: string) => ({
  'rpc.system': 'nestjs',
  'rpc.service': 'StockController',
  'rpc.method': method,
});

const heard = deferred<unknown>();

@Controller()
class StockController {
  @MessagePattern('count')
  @Traced({ name: 'counting' })
  async count(@Payload() item: string) {
    return withSpan('look', () => item.length);
  }

  @Traced({ name: 'streaming' })
  @MessagePattern({ cmd: 'stream' })
  stream() {
    return of(1, 2, 3);
  }

  @MessagePattern('fail')
  fail() {
    throw new RpcException('no such item');
  }

  @EventPattern('sold')
  sold(@Payload() item: string) {
    heard.resolve(item);
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [StockController] })
class StockModule {}

/** A microservice over TCP, with a client, for as long as `use` takes. */
async function asking(module: Type, use: (client: ClientProxy) => Promise<void>): Promise<void> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
    transport: Transport.TCP,
    options: { port: 0, host: '127.0.0.1' },
    logger: false,
  });
  await app.listen();
  const { port } = app.unwrap<{ address(): { port: number } }>().address();
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { port, host: '127.0.0.1' },
  });
  try {
    await use(client);
  } finally {
    client.close();
    await app.close();
  }
}

test('a microservice over TCP: messages and events, and both orders of the decorators', async () => {
  using spans = recordSpans();
  await asking(StockModule, async (client) => {
    expect(await firstValueFrom(client.send('count', 'tea'))).toBe(3);
    expect(await firstValueFrom(client.send({ cmd: 'stream' }, '').pipe(toArray()))).toEqual([1, 2, 3]);
    await expect(firstValueFrom(client.send('fail', ''))).rejects.toMatchObject({
      message: 'no such item',
    });
    await firstValueFrom(client.emit('sold', 'tea'), { defaultValue: undefined });
    expect(await heard.promise).toBe('tea');
  });
  spans.only([
    {
      name: 'StockController.count',
      attributes: rpc('count'),
      children: [{ name: 'counting', children: ['look'] }],
    },
    { name: 'StockController.stream', attributes: rpc('stream'), children: ['streaming'] },
    { name: 'StockController.fail', attributes: rpc('fail'), error: 'RpcException: no such item' },
    { name: 'StockController.sold', attributes: rpc('sold') },
  ]);
});

@WebSocketGateway()
class StockGateway {
  @SubscribeMessage('count')
  count(@MessageBody() item: string) {
    return { event: 'counted', data: item.length };
  }

  @SubscribeMessage('fail')
  fail() {
    throw new WsException('no such item');
  }
}

@Module({ imports: [TracingModule.forRoot({ classes: 'providers' })], providers: [StockGateway] })
class GatewayModule {}

test('a gateway: one span a message, also where providers are traced', async () => {
  using spans = recordSpans();
  await using served = await serve(
    GatewayModule,
    new ExpressAdapter(),
    (app) => void app.useWebSocketAdapter(new WsAdapter(app)),
  );
  const socket = new WebSocket(served.url.replace('http', 'ws'));
  await once(socket, 'open');
  const ask = async (event: string) => {
    socket.send(JSON.stringify({ event, data: 'tea' }));
    const [answer] = (await once(socket, 'message')) as [MessageEvent<string>];
    return JSON.parse(answer.data) as unknown;
  };
  expect(await ask('count')).toEqual({ event: 'counted', data: 3 });
  expect(await ask('fail')).toMatchObject({ event: 'exception' });
  socket.close();
  await once(socket, 'close');
  spans.only(['StockGateway.count', { name: 'StockGateway.fail', error: 'WsException: no such item' }]);
});

@Injectable()
class StockResolver {
  count(_root: unknown, { item }: { item: string }) {
    return item.length;
  }

  wait(@RequestSignal() signal: AbortSignal) {
    return signal;
  }
}

@Module({ imports: [TracingModule.forRoot()], providers: [StockResolver] })
class ResolverModule {}

/** As the GraphQL module makes its resolvers' functions. */
function resolverOf({ app }: Served, method: 'count' | 'wait') {
  const resolver = app.get(StockResolver);
  const callback = resolver[method] as (...args: unknown[]) => unknown;
  const noParameters = { exchangeKeyForValue: () => undefined };
  return app
    .get(ExternalContextCreator)
    .create(
      resolver,
      callback,
      method,
      '__routeArguments__',
      method === 'wait' ? noParameters : undefined,
      undefined,
      undefined,
      undefined,
      'graphql',
    );
}

test('a resolver', async () => {
  using spans = recordSpans();
  await using served = await serve(ResolverModule, new ExpressAdapter());
  const count = resolverOf(served, 'count');
  const info = { operation: { operation: 'query', name: { value: 'Stock' } } };
  expect(await count(undefined, { item: 'tea' }, {}, info)).toBe(3);
  expect(await count(undefined, { item: 'tea' }, {}, {})).toBe(3);
  // As a resolver of a reference is called.
  expect(await count({}, { item: 'tea' }, info)).toBe(3);
  spans.only([
    {
      name: 'StockResolver.count',
      attributes: { 'graphql.operation.type': 'query', 'graphql.operation.name': 'Stock' },
    },
    { name: 'StockResolver.count', attributes: { 'graphql.operation.type': undefined! } },
    { name: 'StockResolver.count', attributes: { 'graphql.operation.type': 'query' } },
  ]);
});

test('the signal of a resolver is that of the request in its context, if there is one', async () => {
  await using served = await serve(ResolverModule, new ExpressAdapter());
  const wait = resolverOf(served, 'wait');
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  const [signal, ...others] = [
    await wait(undefined, {}, { res }, {}),
    await wait(undefined, {}, { req: { res } }, {}),
    await wait(undefined, {}, { reply: { raw: res } }, {}),
    // As a resolver of a reference is called.
    await wait({}, { res }, {}),
    await wait(undefined, {}, undefined, {}),
  ] as AbortSignal[];
  const none = others.pop();
  expect(others).toEqual([signal, signal, signal]);
  res.destroy();
  await once(res, 'close');
  expect([signal!.aborted, none!.aborted]).toEqual([true, false]);
});

const context = {
  getType: () => 'rpc',
  getClass: () => StockController,
  getHandler: () => StockController.prototype.stream,
} as unknown as ExecutionContext;

test('a subscriber that leaves aborts the work; one that never comes starts none', () => {
  using spans = recordSpans();
  const handle = (handled: Observable<unknown>) =>
    new TracedInterceptor().intercept(context, { handle: () => handled } satisfies CallHandler);
  handle(of(1));
  spans.only([]);
  handle(NEVER).subscribe().unsubscribe();
  spans.only([{ name: 'StockController.stream', outcome: 'aborted', attributes: rpc('stream') }]);
  expect(spans.spans[0]!.status).toEqual({ code: 0 });
});

test('whether a run is traced is asked once, however often the interceptor is applied', () => {
  using spans = recordSpans();
  let asked = 0;
  configure({ enabled: () => ++asked % 2 === 0 });
  const again = new TracedInterceptor();
  const twice = new TracedInterceptor().intercept(context, {
    handle: () => again.intercept(context, { handle: () => of(1) }),
  });
  for (const _ of [1, 2, 3, 4]) twice.subscribe();
  configure({ enabled: true });
  expect(asked).toBe(4);
  spans.only(['StockController.stream', 'StockController.stream']);
});

test('it is asked once for a message, too, which the interceptor of its controller sees as well', async () => {
  using spans = recordSpans();
  let asked = 0;
  @Module({
    imports: [TracingModule.forRoot({ enabled: () => ++asked % 2 === 0 })],
    controllers: [StockController],
  })
  class SampledModule {}
  await asking(SampledModule, async (client) => {
    for (const _ of [1, 2, 3, 4]) await firstValueFrom(client.send('fail', '')).catch(() => {});
  });
  configure({ enabled: true });
  expect(asked).toBe(4);
  const failed = { name: 'StockController.fail', error: 'RpcException: no such item' };
  spans.only([failed, failed]);
});

class OutOfStock extends RpcException {}

class Named extends RpcException {
  override name = 'NoStock';
}

class Refused extends Error {}

test.each<[string, Error, string?]>([
  ['RpcException', new RpcException('gone')],
  ['RpcException', new RpcException({ message: 'gone', code: 7 })],
  ['OutOfStock', new OutOfStock('gone')],
  ['NoStock', new Named('gone')],
  ['WsException', new WsException('gone')],
  ['RpcException', Object.assign(new RpcException('gone'), { code: 'E_GONE' }), 'E_GONE'],
  // Not Nest's: what it says of itself holds, as everywhere.
  ['Error', new Refused('gone')],
])('an exception is called %s', (name, thrown, type = name) => {
  using spans = recordSpans();
  const seen: unknown[] = [];
  new TracedInterceptor()
    .intercept(context, { handle: () => throwError(() => thrown) })
    .subscribe({ error: (passed) => seen.push(passed) });
  expect(seen).toEqual([thrown]);
  spans.only([
    { name: 'StockController.stream', error: `${name}: gone`, attributes: { 'error.type': type } },
  ]);
});

test('a handler that throws before there is an observable', () => {
  using spans = recordSpans();
  const error = new Error('no stock');
  const seen: unknown[] = [];
  const handle = () => {
    throw error;
  };
  new TracedInterceptor().intercept(context, { handle }).subscribe({ error: (thrown) => seen.push(thrown) });
  expect(seen).toEqual([error]);
  spans.only([{ name: 'StockController.stream', error: 'Error: no stock' }]);
});
