// A stranger's Nest application on the installed package, over real HTTP, with both adapters.

import 'reflect-metadata';
import { deepStrictEqual } from 'node:assert/strict';
import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  NotFoundException,
  Param,
  Sse,
  StreamableFile,
  UseGuards,
} from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { RequestSignal, TracingModule } from 'oncespan/nestjs';
import { recordSpans } from 'oncespan/testing';
import { of } from 'rxjs';
import { tryMessages } from './messages.js';

let waiting: () => void;

@Injectable()
class Orders {
  async find(id: string): Promise<{ id: string }> {
    if (id === 'none') throw new NotFoundException();
    return { id };
  }

  async slow(signal: AbortSignal): Promise<never> {
    waiting();
    await once(signal, 'abort');
    throw signal.reason;
  }
}

@Controller('orders')
class OrdersController {
  private readonly orders: Orders;

  constructor(orders: Orders) {
    this.orders = orders;
  }

  @Get('closed')
  @UseGuards({
    canActivate() {
      throw new ForbiddenException();
    },
  })
  closed(): string {
    return 'open';
  }

  @Get('slow')
  slow(@RequestSignal() signal: AbortSignal): Promise<never> {
    return this.orders.slow(signal);
  }

  @Sse('events')
  events() {
    return of({ data: 'one' });
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Readable.from(['a', 'b'], { objectMode: false }));
  }

  @Get(':id')
  find(@Param('id') id: string): Promise<{ id: string }> {
    return this.orders.find(id);
  }
}

@Module({
  imports: [TracingModule.forRoot({ classes: 'providers' })],
  controllers: [OrdersController],
  providers: [Orders],
})
class AppModule {}

async function tryOut(adapter: AbstractHttpAdapter): Promise<void> {
  const spans = recordSpans();
  const app = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const server: Server = app.getHttpServer();
  const closed: Promise<unknown>[] = [];
  server.prependListener('request', (_request, response: ServerResponse) =>
    closed.push(new Promise((resolve) => response.once('close', resolve))),
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`;
  const answers: string[] = [];
  for (const path of ['7', 'none', 'closed', 'events', 'file']) {
    const response = await fetch(`${url}/${path}`);
    answers.push(`${response.status} ${(await response.text()).trim().split('\n').at(-1)}`);
  }
  deepStrictEqual(answers, [
    '200 {"id":"7"}',
    '404 {"message":"Not Found","statusCode":404}',
    '403 {"message":"Forbidden","statusCode":403}',
    '200 data: one',
    '200 ab',
  ]);
  const client = new AbortController();
  const reached = new Promise<void>((resolve) => (waiting = resolve));
  const slow = fetch(`${url}/slow`, { signal: client.signal }).catch(() => {});
  await reached;
  client.abort();
  await slow;
  await Promise.all(closed);
  await app.close();
  const requested = (route: string, status: number | undefined, more: object) => ({
    name: `GET /orders/${route}`,
    attributes: { 'http.route': `/orders/${route}`, 'http.response.status_code': status! },
    ...more,
  });
  const aborted = { outcome: 'aborted' } as const;
  const slowly = { name: 'Orders.slow', ...aborted, error: 'AbortError' };
  const notFound = { name: 'Orders.find', error: 'NotFoundException' };
  spans.only([
    requested(':id', 200, { children: [{ name: 'OrdersController.find', children: ['Orders.find'] }] }),
    requested(':id', 404, { children: [{ name: 'OrdersController.find', children: [notFound] }] }),
    requested('closed', 403, {}),
    requested('events', 200, { children: ['OrdersController.events'] }),
    requested('file', 200, { children: ['OrdersController.file'] }),
    requested('slow', undefined, {
      ...aborted,
      children: [{ name: 'OrdersController.slow', ...aborted, children: [slowly] }],
    }),
  ]);
  spans.stop();
}

async function main(): Promise<void> {
  await tryOut(new ExpressAdapter());
  await tryOut(new FastifyAdapter());
  await tryMessages();
  const kind = typeof require === 'function' ? 'CommonJS' : 'ES modules';
  console.log(
    `Node ${process.version}, ${kind}: 5 requests and a hang-up on 2 adapters, messages of 2 kinds, every span ended`,
  );
}

void main();
