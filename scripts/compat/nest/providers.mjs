// An application with common libraries starts without a span, and of what it does after that, its own providers have spans
// and no library has.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { ApolloDriver } from '@nestjs/apollo';
import { BullModule } from '@nestjs/bullmq';
import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { GraphQLModule } from '@nestjs/graphql';
import { ScheduleModule } from '@nestjs/schedule';
import { ThrottlerModule } from '@nestjs/throttler';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TracingModule } from 'oncespan/nestjs';
import { recordSpans } from 'oncespan/testing';
import { decorate } from './decorate.mjs';
import { OrdersModule, ReceiptProcessor } from './orders.mjs';

async function main(connection) {
  class AppModule {}
  decorate(
    [
      Module({
        imports: [
          TracingModule.forRoot({ classes: 'providers' }),
          ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ ITEM: 'tea' })], isGlobal: true }),
          ScheduleModule.forRoot(),
          EventEmitterModule.forRoot(),
          BullModule.forRoot({ connection }),
          TypeOrmModule.forRoot({ type: 'sqljs', autoLoadEntities: true, synchronize: true }),
          GraphQLModule.forRoot({ driver: ApolloDriver, autoSchemaFile: true }),
          ThrottlerModule.forRoot([{ ttl: 60_000, limit: 100 }]),
          CacheModule.register({ isGlobal: true }),
          OrdersModule,
        ],
      }),
    ],
    AppModule,
  );

  const spans = recordSpans();
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  spans.only([]);

  const { worker } = app.get(ReceiptProcessor);
  const processed = new Promise((resolve) => worker.once('completed', resolve));
  const ask = async (path, headers) => {
    const answer = await (await fetch(url + path, { headers })).text();
    if (/"errors"|"statusCode"/.test(answer)) throw new Error(answer);
  };
  await ask('/orders/place');
  await processed;
  await ask('/orders/health');
  await ask('/graphql?query={count}', { 'apollo-require-preflight': '1' });
  await app.close();
  spans.only([
    {
      name: 'GET /orders/place',
      children: [
        {
          name: 'OrdersController.place',
          children: [
            {
              name: 'OrdersService.place',
              children: [{ name: 'PlaceOrderHandler.execute', children: ['Receipts.send'] }],
            },
          ],
        },
      ],
    },
    'ReceiptProcessor.process',
    { name: 'GET /orders/health', children: ['OrdersController.check'] },
    { name: 'GET', children: ['OrdersResolver.count'] },
  ]);
  console.log('behaves');
}

const folder = mkdtempSync(join(tmpdir(), 'oncespan-redis-'));
const path = join(folder, 'redis.sock');
const settings = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', folder];
const redis = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] });
redis.once('error', (error) => console.error(`${error.message}: apt-get install redis-server`));
redis.stdout.on('data', async (said) => {
  if (!String(said).includes('eady to accept connections')) return;
  const problem = await main({ path }).catch((error) => error);
  redis.kill();
  rmSync(folder, { recursive: true });
  if (problem !== undefined) console.error(problem);
  // An application that has failed keeps the process.
  process.exit(problem === undefined ? 0 : 1);
});
