import { once } from 'node:events';
import {
  type CallHandler,
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  type NestInterceptor,
  Scope,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
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
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom } from 'rxjs';
import { expect, test } from 'vitest';
import { withSpan } from '../../src/index.ts';
import { TracedInterceptor, TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { deferred, reported } from '../harness.ts';
import { Served } from './serve.ts';

// An application that serves HTTP and messages: its microservices do not have its global interceptors by themselves.

const TCP = { transport: Transport.TCP as const, options: { host: '127.0.0.1', port: 0 } };

interface Messages {
  send(pattern: string, data: unknown): Promise<unknown>;
  emit(pattern: string, data: unknown): Promise<void>;
}

type Connect = (served: Served['app']) => void;

const connect: Connect = (app) => void app.connectMicroservice<MicroserviceOptions>(TCP);

/** Serves HTTP and messages until it is disposed of. */
async function hybrid(module: Type | DynamicModule, connectIt = connect) {
  const app = await NestFactory.create(module, new ExpressAdapter(), { logger: false, abortOnError: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  connectIt(app);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const served = new Served(app);
  const messages = messagesTo(app.getMicroservices()[0]!);
  const close = async () => {
    messages.close();
    await served[Symbol.asyncDispose]();
  };
  return { served, ...messages, [Symbol.asyncDispose]: close };
}

interface Listening {
  unwrap<T>(): T;
}

function messagesTo(microservice: Listening): Messages & { close(): void } {
  const { port } = microservice.unwrap<{ address(): { port: number } }>().address();
  const client = ClientProxyFactory.create({ ...TCP, options: { ...TCP.options, port } });
  return {
    send: (pattern, data) => firstValueFrom(client.send(pattern, data) as never),
    emit: (pattern, data) => firstValueFrom(client.emit(pattern, data) as never, { defaultValue: undefined }),
    close: () => void client.close(),
  };
}

let sold = deferred<unknown>();

@Controller('stock')
class StockController {
  @Get()
  list() {
    return 'all';
  }

  @Get('count')
  @MessagePattern('count')
  count(@Payload() item: string) {
    return item.length;
  }

  @MessagePattern('fail')
  fail() {
    throw new RpcException('no such item');
  }

  @EventPattern('sold')
  sold(@Payload() item: string) {
    sold.resolve(item);
  }
}

@WebSocketGateway()
class StockGateway {
  @SubscribeMessage('count')
  count(@MessageBody() item: string) {
    return { event: 'counted', data: item.length };
  }
}

@Module({
  imports: [TracingModule.forRoot({ requests: false })],
  controllers: [StockController],
  providers: [StockGateway],
})
class StockModule {}

@Module({ imports: [TracingModule.forRoot({ requests: false })], controllers: [StockController] })
class MessagesModule {}

async function askGateway(url: string, item: string): Promise<unknown> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  await once(socket, 'open');
  socket.send(JSON.stringify({ event: 'count', data: item }));
  const [{ data }] = (await once(socket, 'message')) as [MessageEvent<string>];
  socket.close();
  await once(socket, 'close');
  return JSON.parse(data);
}

test.each<[string, Connect]>([
  ['has no configuration of the application', connect],
  ['inherits it', (app) => void app.connectMicroservice(TCP, { inheritAppConfig: true })],
])('a microservice that %s: one span for each request and message', async (_what, connectIt) => {
  sold = deferred();
  using spans = recordSpans();
  {
    await using app = await hybrid(StockModule, connectIt);
    expect(await (await fetch(`${app.served.url}/stock`)).text()).toBe('all');
    expect(await app.send('count', 'tea')).toBe(3);
    await expect(app.send('fail', '')).rejects.toMatchObject({ message: 'no such item' });
    await app.emit('sold', 'tea');
    expect(await sold.promise).toBe('tea');
    expect(await askGateway(app.served.url, 'milk')).toEqual({ event: 'counted', data: 4 });
  }
  spans.only([
    { name: 'StockController.list', attributes: { 'http.route': '/stock' } },
    { name: 'StockController.count', attributes: { 'rpc.method': 'count' } },
    { name: 'StockController.fail', error: 'RpcException: no such item' },
    'StockController.sold',
    'StockGateway.count',
  ]);
  expect(reported).toEqual([]);
});

test('a microservice that was given an interceptor already: one span a message', async () => {
  using spans = recordSpans();
  {
    await using app = await hybrid(MessagesModule, (application) => {
      const options = { deferInitialization: true };
      const microservice = application.connectMicroservice<MicroserviceOptions>(TCP, options);
      microservice.useGlobalInterceptors(new TracedInterceptor());
    });
    expect(await app.send('count', 'tea')).toBe(3);
  }
  spans.only(['StockController.count']);
});

test('a method that handles requests and messages', async () => {
  using spans = recordSpans();
  {
    await using app = await hybrid(StockModule);
    expect((await fetch(`${app.served.url}/stock/count`)).status).toBe(500);
    expect(await app.send('count', 'tea')).toBe(3);
  }
  spans.only([
    { name: 'StockController.count', error: 'TypeError', attributes: { 'http.response.status_code': 500 } },
    { name: 'StockController.count', attributes: { 'rpc.method': 'count' } },
  ]);
});

@Injectable()
class Looking implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return withSpan('look', () => next.handle());
  }
}

@Injectable()
class Customer {}

@Controller()
class Base {
  @MessagePattern('inherited')
  inherited() {
    return 'of the base';
  }
}

@UseInterceptors(Looking)
@Controller({ scope: Scope.REQUEST })
class ScopedController extends Base {
  readonly customer: Customer;

  constructor(customer: Customer) {
    super();
    this.customer = customer;
  }

  @MessagePattern('mine')
  mine() {
    return this.customer instanceof Customer;
  }
}

@Module({
  imports: [TracingModule.forRootAsync({ useFactory: async () => ({}) })],
  controllers: [ScopedController],
  providers: [Customer],
})
class ScopedModule {}

test('a controller made for each message, with a handler of its base, and an interceptor of its own within the span', async () => {
  using spans = recordSpans();
  {
    await using app = await hybrid(ScopedModule);
    expect(await app.send('mine', '')).toBe(true);
    expect(await app.send('inherited', '')).toBe('of the base');
  }
  spans.only([
    { name: 'ScopedController.mine', children: ['look'] },
    { name: 'ScopedController.inherited', children: ['look'] },
  ]);
});

@Module({ controllers: [StockController] })
class UntracedModule {}

test('an application without the module is not traced, whatever others with the same controllers are', async () => {
  using spans = recordSpans();
  {
    await using before = await hybrid(UntracedModule);
    await using traced = await hybrid(StockModule);
    await using beside = await hybrid(UntracedModule);
    for (const app of [before, beside]) expect(await app.send('count', 'tea')).toBe(3);
    expect((await fetch(`${beside.served.url}/stock`)).status).toBe(200);
    spans.only([]);
    expect(await traced.send('count', 'tea')).toBe(3);
  }
  await using after = await hybrid(UntracedModule);
  expect(await after.send('count', 'tea')).toBe(3);
  spans.only(['StockController.count']);
  expect(reported).toEqual([]);
});

test('of two applications with the same controllers, one goes on when the other has shut down', async () => {
  using spans = recordSpans();
  await using second = await hybrid(StockModule);
  {
    await using first = await hybrid(StockModule);
    expect([await first.send('count', 'tea'), await second.send('count', 'milk')]).toEqual([3, 4]);
  }
  expect(await second.send('count', 'tea')).toBe(3);
  spans.only(['StockController.count', 'StockController.count', 'StockController.count']);
});

test('a microservice alone, beside such an application: one span a message', async () => {
  using spans = recordSpans();
  await using first = await hybrid(StockModule);
  expect(await first.send('count', 'tea')).toBe(3);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(MessagesModule, {
    ...TCP,
    logger: false,
  });
  await app.listen();
  const messages = messagesTo(app);
  expect(await messages.send('count', 'tea')).toBe(3);
  messages.close();
  await app.close();
  spans.only(['StockController.count', 'StockController.count']);
});
