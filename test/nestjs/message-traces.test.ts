import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Metadata, type ServerDuplexStream, type ServerUnaryCall } from '@grpc/grpc-js';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type ClientProxy,
  ClientProxyFactory,
  EventPattern,
  GrpcMethod,
  GrpcStreamCall,
  GrpcStreamMethod,
  MessagePattern,
  type MicroserviceOptions,
  type MqttRecord,
  MqttRecordBuilder,
  Payload,
  RpcException,
  ServerKafka,
  ServerMqtt,
  Transport,
} from '@nestjs/microservices';
import { propagation, SpanKind } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { IHeaders } from 'kafkajs';
import {
  concat,
  defer,
  firstValueFrom,
  ignoreElements,
  map,
  Observable,
  of,
  reduce,
  throwError,
  toArray,
} from 'rxjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  grpcMetadata,
  kafkaOrder,
  mqttOrder,
  natsOrder,
  orderWithTrace,
  rabbitOrder,
  sendTraces,
} from '../../examples/nestjs/messages.ts';
import { TracingModule } from '../../src/nestjs/index.ts';
import { withSpan } from '../../src/index.ts';
import { recordSpans, type SpanRecorder } from '../../src/testing/index.ts';
import { deferred, reported } from '../harness.ts';
import { hasNats, hasRabbit, hasRedis } from '../servers/installed.ts';
import { useNats } from '../servers/nats.ts';
import { useRabbit } from '../servers/rabbit.ts';
import { useRedis } from '../servers/redis.ts';

beforeEach(() => {
  vi.useRealTimers();
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterEach(() => propagation.disable());

/** What has been sold, each time. */
let sold = deferred<unknown>();

@Controller()
class StockController {
  @MessagePattern('count')
  count(@Payload() { item }: { item: string }) {
    return item.length;
  }

  @MessagePattern('fail')
  fail() {
    throw new RpcException('no such item');
  }

  @EventPattern('sold')
  sold(@Payload() payload: unknown) {
    sold.resolve(payload);
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [StockController] })
class StockModule {}

/** Serves for as long as `use` takes. */
async function serving(options: object, use: (app: INestMicroservice) => Promise<void>): Promise<void> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(StockModule, {
    ...options,
    logger: false,
  });
  try {
    await app.listen();
    await use(app);
  } finally {
    await app.close();
  }
}

/** One message, one event and one that fails, within a span each; `build` makes what is sent there. */
async function sendAll(client: ClientProxy, build: (order: object) => unknown): Promise<void> {
  sold = deferred();
  try {
    const counted = await withSpan('ask', () => firstValueFrom(client.send('count', build({ item: 'tea' }))));
    expect(counted).toBe(3);
    const failed = withSpan('try', () => firstValueFrom(client.send('fail', build({})), { defaultValue: 0 }));
    await expect(failed).rejects.toMatchObject({ message: 'no such item' });
    await withSpan('tell', async () => {
      await firstValueFrom(client.emit('sold', build({ item: 'tea' })), { defaultValue: undefined });
      expect(await sold.promise).toMatchObject({ item: 'tea' });
    });
  } finally {
    await client.close();
  }
}

const handler = (method: string) => ({
  name: `StockController.${method}`,
  attributes: { 'rpc.system': 'nestjs', 'rpc.service': 'StockController', 'rpc.method': method },
});

const continued = [
  { name: 'ask', children: [handler('count')] },
  {
    name: 'try',
    error: 'no such item',
    children: [{ ...handler('fail'), error: 'RpcException: no such item' }],
  },
  { name: 'tell', children: [handler('sold')] },
];

/** Of messages that carry no trace. */
const roots = continued.flatMap(({ children: [root], ...sender }) => [sender, root!]);

const kindsOf = ({ spans }: SpanRecorder) =>
  spans
    .map(({ name, kind }) => `${name} ${SpanKind[kind]}`)
    .filter((row) => row.startsWith('Stock'))
    .toSorted();

const kinds = [
  'StockController.count SERVER',
  'StockController.fail SERVER',
  'StockController.sold CONSUMER',
];

const twice = (rows: readonly string[]) => rows.flatMap((row) => [row, row]);

const asItIs = (order: object) => order;

async function sendBothWays(connect: () => ClientProxy): Promise<void> {
  const traced = connect();
  sendTraces(traced);
  await sendAll(traced, asItIs);
  await sendAll(connect(), orderWithTrace);
  await sendAll(connect(), asItIs);
}

describe.skipIf(!hasRabbit)('RabbitMQ', () => {
  const rabbit = useRabbit();

  test('headers of a record', async () => {
    using spans = recordSpans();
    const transport = {
      transport: Transport.RMQ as const,
      options: { urls: [rabbit.url], queue: 'stock', queueOptions: { durable: false } },
    };
    await serving(transport, async () => {
      await sendAll(ClientProxyFactory.create(transport), rabbitOrder);
      await sendAll(ClientProxyFactory.create(transport), asItIs);
    });
    spans.only([...continued, ...roots]);
    expect([kindsOf(spans), reported]).toEqual([twice(kinds), []]);
  });
});

describe.skipIf(!hasNats)('NATS', () => {
  const nats = useNats();

  test('headers of a record', async () => {
    using spans = recordSpans();
    const transport = { transport: Transport.NATS as const, options: { servers: [nats.servers] } };
    await serving(transport, async () => {
      await sendAll(ClientProxyFactory.create(transport), natsOrder);
      await sendAll(ClientProxyFactory.create(transport), asItIs);
    });
    spans.only([...continued, ...roots]);
    expect([kindsOf(spans), reported]).toEqual([twice(kinds), []]);
  });
});

describe.skipIf(!hasRedis)('Redis', () => {
  const redis = useRedis();
  const transport = () => ({ transport: Transport.REDIS as const, options: { path: redis.path } as object });

  test('metadata of a packet, and the payload', async () => {
    using spans = recordSpans();
    await serving(transport(), () => sendBothWays(() => ClientProxyFactory.create(transport())));
    spans.only([...continued, ...continued, ...roots]);
    expect([kindsOf(spans), reported]).toEqual([kinds.flatMap((kind) => [kind, kind, kind]), []]);
  });
});

test('TCP: metadata of a packet, and the payload', async () => {
  using spans = recordSpans();
  await serving({ transport: Transport.TCP, options: { port: 0, host: '127.0.0.1' } }, (app) => {
    const { port } = app.unwrap<{ address(): { port: number } }>().address();
    return sendBothWays(() =>
      ClientProxyFactory.create({ transport: Transport.TCP, options: { port, host: '127.0.0.1' } }),
    );
  });
  spans.only([...continued, ...continued, ...roots]);
  expect([kindsOf(spans), reported]).toEqual([kinds.flatMap((kind) => [kind, kind, kind]), []]);
});

/** There is no broker of these here: Nest's servers are handed what the clients of the brokers hand over. */
const withoutBroker = { listen: (callback: () => void) => callback(), close: () => {} };

test('Kafka: headers of what kafkajs hands over', async () => {
  using spans = recordSpans();
  const server = Object.assign(new ServerKafka({}), withoutBroker);
  const receive = (value: object, headers: IHeaders) =>
    server.handleMessage({
      topic: 'sold',
      partition: 0,
      message: {
        key: null,
        value: Buffer.from(JSON.stringify(value)),
        timestamp: '',
        attributes: 0,
        offset: '1',
        headers,
      },
      heartbeat: async () => {},
      pause: () => () => {},
    });
  await serving({ strategy: server }, async () => {
    const { value, headers } = withSpan('tell', () => kafkaOrder({ item: 'tea' }));
    const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
    await receive(value, Object.fromEntries(bytes) as IHeaders);
    await receive(value, {});
  });
  spans.only([{ name: 'tell', children: [handler('sold')] }, handler('sold')]);
  const consumer = 'StockController.sold CONSUMER';
  expect([kindsOf(spans), reported]).toEqual([[consumer, consumer], []]);
});

test('MQTT 5: user properties of what mqtt.js hands over', async () => {
  using spans = recordSpans();
  const server = Object.assign(new ServerMqtt({}), withoutBroker);
  const receive = (record: MqttRecord) => {
    const properties = record.options?.properties;
    const payload = Buffer.from(JSON.stringify({ pattern: 'sold', data: record.data as unknown }));
    return server.handleMessage('sold', payload, undefined!, {
      cmd: 'publish',
      topic: 'sold',
      payload,
      ...(properties && {
        properties: {
          ...properties,
          userProperties: Object.assign(Object.create(null), properties.userProperties) as object,
        },
      }),
    });
  };
  await serving({ strategy: server }, async () => {
    await receive(withSpan('tell', () => mqttOrder({ item: 'tea' })));
    await receive(new MqttRecordBuilder({ item: 'tea' }).build());
  });
  spans.only([{ name: 'tell', children: [handler('sold')] }, handler('sold')]);
  expect(reported).toEqual([]);
});

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'oncespan-grpc-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

interface Amount {
  readonly amount: number;
}

interface Item {
  readonly item: string;
}

const watched = deferred();
const unwatched = deferred();
const forever = new Observable<Amount>(() => {
  watched.resolve();
  return () => unwatched.resolve();
});

let begun = deferred();
let cancelled = deferred();

@Controller()
class StockService {
  @GrpcMethod('Stock')
  async count(
    { item }: Item,
    _metadata: Metadata,
    call: ServerUnaryCall<Item, Amount>,
  ): Promise<Amount | Observable<Amount>> {
    const amount = { amount: item.length };
    const over = defer(async () => {
      begun.resolve();
      await once(call, 'cancelled');
      cancelled.resolve();
    }).pipe(ignoreElements());
    const failed = throwError(() => new RangeError('too late'));
    if (item === 'answers') return concat(of(amount), over);
    if (item === 'answers, fails') return concat(of(amount), over, failed);
    if (item === 'is slow') return concat(over, of(amount));
    if (item === 'is slow, fails') return concat(over, failed);
    return amount;
  }

  @GrpcMethod('Stock')
  watch({ item }: Item): Observable<Amount> {
    if (item === 'forever') return forever;
    return of(...item).pipe(map((_letter, at) => ({ amount: at })));
  }

  @GrpcStreamMethod('Stock')
  sum(items: Observable<Item>): Observable<Amount> {
    return items.pipe(
      reduce((sum, { item }) => sum + item.length, 0),
      map((amount) => ({ amount })),
    );
  }

  @GrpcStreamCall('Stock')
  echo(call: ServerDuplexStream<Item, Amount>): void {
    call.on('data', ({ item }: Item) => call.write({ amount: item.length }));
    call.on('end', () => call.end());
  }
}

interface StockClient {
  count(item: Item, metadata: Metadata): Observable<Amount>;
  watch(item: Item, metadata: Metadata): Observable<Amount>;
  sum(items: Observable<Item>, metadata: Metadata): Observable<Amount>;
  echo(items: Observable<Item>, metadata: Metadata): Observable<Amount>;
}

@Module({ imports: [TracingModule.forRoot()], controllers: [StockService] })
class GrpcModule {}

/** Serves gRPC for as long as `use` takes. */
async function servingGrpc(use: (stock: StockClient) => Promise<void>): Promise<void> {
  await using home = await folder();
  const transport = {
    transport: Transport.GRPC as const,
    options: {
      package: 'stock',
      protoPath: fileURLToPath(new URL('stock.proto', import.meta.url)),
      url: `unix:${join(home.path, 'stock.sock')}`,
    },
  };
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(GrpcModule, {
    ...transport,
    logger: false,
  });
  await app.listen();
  const client = ClientProxyFactory.create(transport);
  try {
    await use(client.getService<StockClient>('Stock'));
  } finally {
    client.close();
    await app.close();
  }
}

test('gRPC: metadata of calls and of streams', async () => {
  using spans = recordSpans();
  const items = () => of({ item: 'tea' }, { item: 'milk' });
  await servingGrpc(async (stock) => {
    for (const metadata of [grpcMetadata, () => new Metadata()]) {
      const ask = (call: () => Observable<Amount>) =>
        withSpan('ask', () => firstValueFrom(call().pipe(toArray())));
      expect(await ask(() => stock.count({ item: 'tea' }, metadata()))).toEqual([{ amount: 3 }]);
      expect(await ask(() => stock.watch({ item: 'te' }, metadata()))).toEqual([
        { amount: 0 },
        { amount: 1 },
      ]);
      expect(await ask(() => stock.sum(items(), metadata()))).toEqual([{ amount: 7 }]);
      expect(await ask(() => stock.echo(items(), metadata()))).toEqual([{ amount: 3 }, { amount: 4 }]);
    }
  });
  const methods = ['count', 'watch', 'sum', 'echo'];
  const spanOf = (method: string) => ({
    name: `StockService.${method}`,
    attributes: { 'rpc.method': method },
  });
  spans.only([
    ...methods.map((method) => ({ name: 'ask', children: [spanOf(method)] })),
    ...methods.flatMap((method) => ['ask', spanOf(method)]),
  ]);
  expect(kindsOf(spans)).toEqual(twice(methods.map((method) => `StockService.${method} SERVER`).toSorted()));
  expect(reported).toEqual([]);
});

test.each(['is slow', 'is slow, fails'])(
  'gRPC: a client that cancels a call aborts it, though its handler goes on: it %s',
  async (item) => {
    using spans = recordSpans();
    [begun, cancelled] = [deferred(), deferred()];
    await servingGrpc(async (stock) => {
      const call = stock.count({ item }, new Metadata()).subscribe({ error: () => {} });
      await begun.promise;
      call.unsubscribe();
      await cancelled.promise;
    });
    spans.only([{ name: 'StockService.count', outcome: 'aborted' }]);
    expect(spans.spans[0]!.status).toEqual({ code: 0 });
  },
);

test.each([
  ['answers', undefined],
  ['answers, fails', 'RangeError: too late'],
])('gRPC: a call that has been answered is not cancelled: it %s', async (item, error) => {
  using spans = recordSpans();
  [begun, cancelled] = [deferred(), deferred()];
  await servingGrpc(async (stock) => {
    const amount = await firstValueFrom(stock.count({ item }, new Metadata()));
    expect(amount).toEqual({ amount: item.length });
    await cancelled.promise;
  });
  spans.only([{ name: 'StockService.count', ...(error !== undefined && { error }) }]);
});

test('gRPC: a client that cancels a stream aborts it', async () => {
  using spans = recordSpans();
  await servingGrpc(async (stock) => {
    const call = stock.watch({ item: 'forever' }, new Metadata());
    const subscription = call.subscribe({ error: () => {} });
    await watched.promise;
    subscription.unsubscribe();
    await unwatched.promise;
  });
  spans.only([{ name: 'StockService.watch', outcome: 'aborted' }]);
  expect(spans.spans[0]!.status).toEqual({ code: 0 });
});
