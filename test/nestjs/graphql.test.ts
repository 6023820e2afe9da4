import { EventEmitter, on } from 'node:events';
import { ApolloDriver } from '@nestjs/apollo';
import {
  Controller,
  Get,
  InternalServerErrorException,
  Module,
  NotFoundException,
  Param,
  type Type,
} from '@nestjs/common';
import {
  Args,
  Context,
  Field,
  GraphQLModule,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type Client, createClient } from 'graphql-ws';
import type { PubSub } from 'mercurius';
import { describe, expect, test } from 'vitest';
import { Traced } from '../../src/index.ts';
import { RequestSignal, TracingModule, type TracingModuleOptions } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { deferred, reported } from '../harness.ts';
import { Stage } from './orders.ts';
import { type Served, serve } from './serve.ts';

// Resolvers, with the real packages over real HTTP and WebSockets.

@ObjectType()
class Item {
  @Field()
  name!: string;
}

/** What a test acts with; new for each. */
let stage = new Stage();
let sales = new EventEmitter();
let given: AbortSignal[] = [];
let going = deferred();
let feedsTo = 0;

const failures: Record<string, () => Error> = {
  none: () => new NotFoundException('no such item'),
  broken: () => new InternalServerErrorException('the disk is full'),
  wrong: () => new RangeError('too long'),
  // As http-errors makes them.
  gone: () => Object.assign(new Error('no such page'), { expose: true, status: 410, statusCode: 410 }),
};

function find(name: string): Item {
  const failure = failures[name];
  if (failure !== undefined) throw failure();
  return { name };
}

/** What is sold, as long as somebody listens: with a `return` that is heard at once, as that of a broker's client. */
const sold = (signal?: AbortSignal) => on(sales, 'sold', { ...(signal && { signal }) });

@Resolver(() => Item)
class StockResolver {
  @Query(() => Item)
  find(@Args('name') name: string) {
    return find(name);
  }

  @Query(() => Int)
  async wait(@RequestSignal() signal: AbortSignal): Promise<number> {
    given.push(signal);
    return stage.wait(signal);
  }

  @Mutation(() => Int)
  @Traced({ name: 'adding' })
  async add(@Args('name') name: string, @RequestSignal() signal: AbortSignal) {
    given.push(signal);
    return name.length;
  }

  @ResolveField(() => Int)
  length(@Parent() { name }: Item) {
    return name.length;
  }

  @Subscription(() => Int, { resolve: (value: number) => value })
  async *count(@Args('to', { type: () => Int }) to: number) {
    for (let value = 0; value < to; value++) {
      yield value;
      await going.promise;
    }
    if (to > 2) throw new RangeError('too far');
  }

  @Subscription(() => Int, { resolve: (value: number) => value })
  feed() {
    return feed;
  }

  @Subscription(() => Int, { resolve: (value: number) => value })
  frozen() {
    return Object.freeze({ ...feed });
  }

  @Subscription(() => String, { resolve: ([name]: [string]) => name })
  sold() {
    const events = sold();
    stage.enter();
    return events;
  }

  /** As Mercurius has it: a stream. */
  @Subscription(() => String, { resolve: ({ name }: Item) => name })
  async published(@Context('pubsub') pubsub: PubSub) {
    const queue = await pubsub.subscribe('published');
    stage.enter();
    return queue;
  }

  @Subscription(() => String, {
    filter: ([name]: [string]) => name !== 'milk',
    resolve: ([name]: [string]) => name,
  })
  async filtered(@RequestSignal() signal: AbortSignal) {
    given.push(signal);
    const events = sold(signal);
    stage.enter();
    return events;
  }
}

/** One for everybody, that can be iterated and is no iterator: each gets one of his own. */
const feed = { [Symbol.asyncIterator]: () => new StockResolver().count(feedsTo) };

@Controller('items')
class ItemsController {
  @Get(':name')
  find(@Param('name') name: string) {
    return find(name);
  }
}

const apollo = { driver: ApolloDriver, subscriptions: { 'graphql-ws': true } };

const drivers: [string, () => ExpressAdapter | FastifyAdapter, object][] = [
  ['Apollo on Express', () => new ExpressAdapter(), apollo],
  ['Apollo on Fastify', () => new FastifyAdapter(), apollo],
  ['Mercurius', () => new FastifyAdapter(), { driver: MercuriusDriver, subscription: true }],
];

function moduleWith(driver: object, options: TracingModuleOptions = { requests: false }): Type {
  const graphql = GraphQLModule.forRoot({ autoSchemaFile: true, graphiql: false, ...driver } as never);

  @Module({
    imports: [TracingModule.forRoot(options), graphql],
    controllers: [ItemsController],
    providers: [StockResolver],
  })
  class StockModule {}
  return StockModule;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string }[];
}

async function ask({ url }: Served, query: string, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    ...(signal && { signal }),
  });
  return (await response.json()) as Answer;
}

/** A client of subscriptions for as long as `use` takes. */
async function subscribing({ url }: Served, use: (client: Client) => Promise<void>): Promise<void> {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    retryAttempts: 0,
    // It stays connected when nothing is subscribed to, and would say when it is not.
    lazy: false,
    onNonLazyError: () => {},
  });
  try {
    await use(client);
  } finally {
    await client.dispose();
  }
}

const resolver = (method: string, type: string) => ({
  name: `StockResolver.${method}`,
  attributes: { 'graphql.operation.type': type },
});

describe.each(drivers)('%s', (_driver, adapter, options) => {
  const serving = async (more?: object) => {
    stage = new Stage();
    sales = new EventEmitter();
    given = [];
    going = deferred();
    return serve(moduleWith({ ...options, ...more }), adapter());
  };

  test('queries, mutations and fields', async () => {
    using spans = recordSpans();
    {
      await using served = await serving();
      const query = 'query Stock { find(name: "tea") { name length } }';
      expect(await ask(served, query)).toEqual({ data: { find: { name: 'tea', length: 3 } } });
      expect(await ask(served, 'mutation { add(name: "tea") }')).toEqual({ data: { add: 3 } });
      await served.settled();
      expect(given.map(({ aborted }) => aborted)).toEqual([false]);
      expect(served.listeners.left()).toEqual([]);
    }
    const found = resolver('find', 'query');
    spans.only([
      { ...found, attributes: { ...found.attributes, 'graphql.operation.name': 'Stock' } },
      { ...resolver('add', 'mutation'), children: ['adding'] },
    ]);
    expect(reported).toEqual([]);
  });

  test.each(['decorated', 'providers'] as const)(
    'fields, where they have interceptors: %s',
    async (classes) => {
      using spans = recordSpans();
      {
        const driver = { ...options, fieldResolverEnhancers: ['interceptors'] };
        await using served = await serve(moduleWith(driver, { requests: false, classes }), adapter());
        const answer = await ask(served, '{ find(name: "tea") { length } }');
        expect(answer).toEqual({ data: { find: { length: 3 } } });
      }
      spans.only([resolver('find', 'query'), resolver('length', 'query')]);
    },
  );

  test.each([
    ['none', undefined],
    ['gone', undefined],
    ['broken', 'InternalServerErrorException: the disk is full'],
    ['wrong', 'RangeError: too long'],
  ])('an exception has the same status as over HTTP: %s', async (name, error) => {
    using spans = recordSpans();
    {
      await using served = await serving();
      const { errors } = await ask(served, `{ find(name: "${name}") { name } }`);
      expect(errors?.map(({ message }) => message)).toEqual([failures[name]!().message]);
      await (await fetch(`${served.url}/items/${name}`)).text();
      await served.settled();
    }
    const ending = error === undefined ? {} : { error };
    spans.only([
      { name: 'StockResolver.find', ...ending },
      { name: 'ItemsController.find', ...ending },
    ]);
    const [graphql, http] = spans.spans;
    expect(graphql!.status).toEqual(http!.status);
  });

  test('a client that hangs up aborts the signal, and the span', async () => {
    using spans = recordSpans();
    {
      await using served = await serving();
      const client = new AbortController();
      const answer = ask(served, '{ wait }', client.signal);
      await stage.entered();
      const aborted = new Promise((resolve) => (given[0]!.onabort = resolve));
      client.abort();
      await expect(answer).rejects.toThrow('aborted');
      await aborted;
      await served.settled();
      expect(served.listeners.left()).toEqual([]);
    }
    spans.only([{ ...resolver('wait', 'query'), outcome: 'aborted' }]);
    expect(spans.spans[0]!.status).toEqual({ code: 0 });
  });

  test('a subscription lasts until it is exhausted, or fails', async () => {
    using spans = recordSpans();
    {
      await using served = await serving();
      await subscribing(served, async (client) => {
        const values: unknown[] = [];
        for await (const { data } of client.iterate({ query: 'subscription { count(to: 2) }' })) {
          values.push(data);
          if (values.length > 1) continue;
          expect(spans.live().map(({ name }) => name)).toEqual(['StockResolver.count']);
          going.resolve();
        }
        expect(values).toEqual([{ count: 0 }, { count: 1 }]);
        const read = async (query: string) => {
          for await (const _ of client.iterate({ query }));
        };
        await read('subscription { count(to: 3) }').catch(() => {});
        const asItWas = { ...feed };
        for (feedsTo of [3, 2, 3]) await read('subscription { feed }').catch(() => {});
        expect(feed).toEqual(asItWas);
        await read('subscription { frozen }').catch(() => {});
      });
    }
    const [count, fed, frozen] = ['count', 'feed', 'frozen'].map((name) => resolver(name, 'subscription'));
    const error = 'RangeError: too far';
    spans.only([count!, { ...count!, error }, { ...fed!, error }, fed!, { ...fed!, error }, frozen!]);
  });

  test('a subscription lasts until its client unsubscribes', async () => {
    using spans = recordSpans();
    {
      await using served = await serving();
      await subscribing(served, async (client) => {
        const reading = client.iterate({ query: 'subscription { sold }' });
        const first = reading.next();
        await stage.entered();
        sales.emit('sold', 'tea');
        expect((await first).value).toEqual({ data: { sold: 'tea' } });
        expect(spans.live().map(({ name }) => name)).toEqual(['StockResolver.sold']);
        const left = deferred();
        sales.once('removeListener', () => left.resolve());
        await reading.return!();
        await left.promise;
      });
    }
    spans.only([resolver('sold', 'subscription')]);
  });

  test('a subscription lasts until its socket closes', async () => {
    using spans = recordSpans();
    {
      await using served = await serving();
      await subscribing(served, async (client) => {
        const failed = ['sold', 'filtered'].map((name) => {
          const reading = client.iterate({ query: `subscription { ${name} }` });
          return reading.next().catch((error: unknown) => error);
        });
        await stage.entered(2);
        expect(given.map(({ aborted }) => aborted)).toEqual([false]);
        const aborted = new Promise((resolve) => (given[0]!.onabort = resolve));
        client.terminate();
        await Promise.all([...failed, aborted]);
      });
      expect(served.listeners.left()).toEqual([]);
    }
    spans.only([
      { ...resolver('sold', 'subscription'), outcome: 'aborted' },
      { ...resolver('filtered', 'subscription'), outcome: 'aborted' },
    ]);
    expect(spans.spans.map(({ status }) => status)).toEqual([{ code: 0 }, { code: 0 }]);
  });
});

test('a subscription to the publications of Mercurius: its WebSocket is no request, though it is routed as one', async () => {
  using spans = recordSpans();
  stage = new Stage();
  {
    const module = moduleWith({ driver: MercuriusDriver, subscription: true }, {});
    await using served = await serve(module, new FastifyAdapter());
    await subscribing(served, async (client) => {
      const reading = client.iterate({ query: 'subscription { published }' });
      const first = reading.next();
      await stage.entered();
      const { graphql } = served.app.getHttpAdapter().getInstance() as { graphql: { pubsub: PubSub } };
      graphql.pubsub.publish({ topic: 'published', payload: { name: 'tea' } });
      expect((await first).value).toEqual({ data: { published: 'tea' } });
      expect(spans.live().map(({ name }) => name)).toEqual(['StockResolver.published']);
      await reading.return!();
    });
  }
  spans.only([resolver('published', 'subscription')]);
});

test.each(drivers)('%s: a query is below its request', async (_name, adapter, driver) => {
  using spans = recordSpans();
  await using served = await serve(moduleWith(driver, {}), adapter());
  expect(await ask(served, '{ find(name: "tea") { name } }')).toEqual({ data: { find: { name: 'tea' } } });
  await served.settled();
  const [found] = spans.spans;
  expect(spans.spans.map(({ name, parent }) => [name, parent?.name])).toEqual([
    ['StockResolver.find', found!.parent!.name],
    [found!.parent!.name, undefined],
  ]);
  expect(found!.parent!.name).toMatch(/^POST( \/graphql)?$/);
});
