// A hybrid application: requests, messages and a gateway, each traced once.

import { deepStrictEqual } from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { TracingModule } from 'oncespan/nestjs';
import { recordSpans } from 'oncespan/testing';
import { firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

@Controller()
class StockController {
  @MessagePattern('count')
  count({ item }: { item: string }): number {
    return item.length;
  }

  @MessagePattern('fail')
  fail(): never {
    throw new RpcException('no such item');
  }
}

@WebSocketGateway()
class StockGateway {
  @SubscribeMessage('count')
  count(@MessageBody() item: string) {
    return { event: 'counted', data: item.length };
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [StockController], providers: [StockGateway] })
class StockModule {}

export async function tryMessages(): Promise<void> {
  const spans = recordSpans();
  const app = await NestFactory.create(StockModule, new ExpressAdapter(), {
    logger: false,
    abortOnError: false,
  });
  app.useWebSocketAdapter(new WsAdapter(app));
  const tcp = { transport: Transport.TCP as const, options: { host: '127.0.0.1', port: 0 } };
  const microservice = app.connectMicroservice<MicroserviceOptions>(tcp);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const portOf = (server: unknown) => ((server as Server).address() as AddressInfo).port;

  const port = portOf(microservice.unwrap());
  const client = ClientProxyFactory.create({ ...tcp, options: { ...tcp.options, port } });
  const send = (pattern: string) => firstValueFrom<unknown>(client.send(pattern, { item: 'tea' }));
  deepStrictEqual(await send('count'), 3);
  deepStrictEqual(await send('fail').catch(({ message }) => message as string), 'no such item');
  client.close();

  const socket = new WebSocket(`ws://127.0.0.1:${portOf(app.getHttpServer())}`);
  await once(socket, 'open');
  socket.send(JSON.stringify({ event: 'count', data: 'tea' }));
  const [answer] = (await once(socket, 'message')) as [Buffer];
  deepStrictEqual(JSON.parse(answer.toString()), { event: 'counted', data: 3 });
  socket.close();
  await once(socket, 'close');
  await app.close();
  spans.only([
    'StockController.count',
    { name: 'StockController.fail', error: 'RpcException: no such item' },
    'StockGateway.count',
  ]);
  spans.stop();
}
