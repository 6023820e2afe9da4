import {
  Controller,
  Get,
  Global,
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  Param,
  Scope,
} from '@nestjs/common';
import { APP_GUARD, ContextIdFactory, type ContextIdStrategy, NestFactory, REQUEST } from '@nestjs/core';
import { trace } from '@opentelemetry/api';
import { ExpressAdapter } from '@nestjs/platform-express';
import { afterEach, describe, expect, test } from 'vitest';
import { configure, Traced, traceTask, Untraced, withSpan } from '../../src/index.ts';
import { TracingModule, type TracingModuleOptions } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { deferred, record } from '../harness.ts';
import { OrdersModule } from './orders.ts';
import { serve } from './serve.ts';

afterEach(() => {
  configure({ attributeNames: { outcome: 'oncespan.outcome' }, enabled: true });
});

async function spansOf(options: TracingModuleOptions, ...paths: string[]): Promise<string[]> {
  @Module({ imports: [TracingModule.forRoot({ requests: false, ...options }), OrdersModule] })
  class AppModule {}
  using spans = recordSpans();
  await using served = await serve(AppModule, new ExpressAdapter());
  for (const path of paths) await (await fetch(served.url + path)).text();
  await served.settled();
  return spans.spans.map(({ name }) => name);
}

describe('TracingModule.forRoot()', () => {
  test('configures the default instance, which @Traced() services share', async () => {
    expect(await spansOf({ enabled: false }, '/orders/7')).toEqual([]);
    expect(await spansOf({ enabled: true }, '/orders/7')).toEqual([
      'OrdersService.find',
      'OrdersController.find',
    ]);
  });

  test('an excluded route makes no spans, nor does what is @Traced() below it', async () => {
    const paths = ['/orders', '/orders/7', '/orders/raw'];
    const service = 'OrdersService.find';
    const [list, find, raw] = ['list', 'find', 'raw'].map((method) => `OrdersController.${method}`);
    expect(await spansOf({ exclude: ['/orders'] }, ...paths)).toEqual([]);
    expect(await spansOf({ exclude: ['/order', '/orders/r'] }, ...paths)).toEqual([list, service, find, raw]);
    expect(await spansOf({ exclude: ['/orders/:id'] }, ...paths)).toEqual([list, raw]);
    expect(await spansOf({ include: [/:id$/g] }, '/orders/7', '/orders/8')).toEqual([
      service,
      find,
      service,
      find,
    ]);
    expect(await spansOf({ include: ['/orders/'], exclude: [/raw/] }, ...paths)).toEqual([
      list,
      service,
      find,
    ]);
    expect(await spansOf({ include: ['/'] }, ...paths)).toEqual([list, service, find, raw]);
  });

  test('imported twice, it makes one span', async () => {
    @Module({ imports: [TracingModule.forRoot(), TracingModule.forRoot({}), OrdersModule] })
    class AppModule {}
    using spans = recordSpans();
    await using served = await serve(AppModule, new ExpressAdapter());
    await (await fetch(`${served.url}/orders`)).text();
    await served.settled();
    spans.only([{ name: 'GET /orders', children: ['OrdersController.list'] }]);
  });

  test.each<[object, string]>([
    [
      { exclude: '/health' },
      "option 'exclude' is '/health'; give an array of routes such as \"/health\", and of regular expressions",
    ],
    [
      { classes: 'all' },
      "option 'classes' is 'all'; give 'decorated', 'providers' or { include?, exclude? } with arrays of modules and classes",
    ],
    [{ requests: 'never' }, "option 'requests' is 'never'; give one of 'auto', true, false"],
    [{ traceResponseHeader: 'x-trace' }, "option 'traceResponseHeader' is 'x-trace'; give a boolean"],
    [{ abortGraceMs: -1 }, "option 'abortGraceMs' is -1; give a number of milliseconds, 0 or more"],
  ])('refuses %o', async (options, problem) => {
    expect(() => TracingModule.forRoot(options)).toThrow(
      new TypeError(`TracingModule.forRoot(): ${problem}`),
    );
    @Module({ imports: [TracingModule.forRootAsync({ useFactory: () => options })] })
    class AppModule {}
    await expect(serve(AppModule, new ExpressAdapter())).rejects.toThrow(
      new TypeError(`TracingModule.forRootAsync(): ${problem}`),
    );
  });
});

test('TracingModule.forRootAsync() waits for its options, with what it injects', async () => {
  const CONFIG = Symbol('config');
  @Module({ providers: [{ provide: CONFIG, useValue: { hidden: '/orders/:id' } }], exports: [CONFIG] })
  class ConfigModule {}
  @Module({
    imports: [
      TracingModule.forRootAsync({
        imports: [ConfigModule],
        inject: [CONFIG],
        useFactory: async ({ hidden }: { hidden: string }) => ({ exclude: [hidden], requests: false }),
      }),
      OrdersModule,
    ],
  })
  class AppModule {}
  using spans = recordSpans();
  await using served = await serve(AppModule, new ExpressAdapter());
  for (const path of ['/orders', '/orders/7']) await (await fetch(served.url + path)).text();
  await served.settled();
  spans.only(['OrdersController.list']);
});

describe("classes: 'providers'", () => {
  abstract class Prices {
    abstract of(item: string): number;
  }

  @Injectable()
  class ListPrices extends Prices {
    of(item: string) {
      return item.length;
    }
  }

  @Injectable()
  class Pantry implements OnModuleInit {
    @Inject(Prices) readonly prices!: Prices;
    readonly log: Logger;

    constructor(log: Logger) {
      this.log = log;
    }

    onModuleInit() {
      this.log.debug('ready');
    }

    async take(item: string) {
      return this.#count(item) * this.prices.of(item);
    }

    @Untraced()
    peek() {
      return 'tea';
    }

    @Traced('taking stock')
    count() {
      return 1;
    }

    #count(item: string) {
      return item === '' ? 0 : this.count();
    }
  }

  @Injectable({ scope: Scope.REQUEST })
  class Basket {
    readonly request: { url: string };

    constructor(@Inject(REQUEST) request: { url: string }) {
      this.request = request;
    }

    path() {
      return this.request.url;
    }
  }

  @Injectable({ scope: Scope.TRANSIENT })
  class Counter {
    #calls = 0;

    next() {
      return ++this.#calls;
    }
  }

  @Injectable({ scope: Scope.REQUEST, durable: true })
  class Tenant {
    readonly serial = Math.random();

    name() {
      return 'tenant';
    }
  }

  @Injectable()
  class OpenGuard {
    canActivate() {
      return true;
    }
  }

  @Controller('kitchen')
  class KitchenController {
    @Inject() readonly pantry!: Pantry;
    @Inject() readonly basket!: Basket;
    @Inject() readonly counter!: Counter;
    @Inject() readonly tenant!: Tenant;

    @Get(':item')
    async cook(@Param('item') item: string) {
      return [
        await this.pantry.take(item),
        this.pantry.peek(),
        this.basket.path(),
        this.counter.next(),
        this.tenant.name(),
        this.tenant.serial,
      ];
    }
  }

  @Module({
    imports: [TracingModule.forRoot({ requests: false, classes: 'providers' })],
    controllers: [KitchenController],
    providers: [
      Pantry,
      KitchenController,
      { provide: Prices, useClass: ListPrices },
      { provide: APP_GUARD, useClass: OpenGuard },
      { provide: 'value', useValue: { read: () => 1 } },
      Basket,
      Counter,
      Tenant,
      Logger,
    ],
  })
  class KitchenModule {}

  /** Everybody is one tenant. */
  class OneTenant implements ContextIdStrategy {
    readonly #tenant = ContextIdFactory.create();

    attach(contextId: ReturnType<typeof ContextIdFactory.create>) {
      return {
        resolve: (info: { isTreeDurable: boolean }) => (info.isTreeDurable ? this.#tenant : contextId),
        payload: {},
      };
    }
  }

  test('traces the methods of what modules list, of every scope, and leaves classes and tokens as they are', async () => {
    ContextIdFactory.apply(new OneTenant());
    const prototypes = [Pantry, ListPrices, Basket].map(({ prototype }) => prototype);
    using spans = recordSpans();
    await using served = await serve(KitchenModule, new ExpressAdapter());
    const cook = async () => (await (await fetch(`${served.url}/kitchen/tea`)).json()) as unknown[];
    const [first, second] = [await cook(), await cook()];
    await served.settled();
    expect(first.slice(0, -1)).toEqual([3, 'tea', '/kitchen/tea', 1, 'tenant']);
    expect(second.at(-1), 'a durable provider stays').toBe(first.at(-1));
    expect(served.app.get(Pantry)).toBeInstanceOf(Pantry);
    expect(served.app.get(Prices)).toBeInstanceOf(ListPrices);
    expect([Pantry, ListPrices, Basket].map(({ prototype }) => prototype)).toEqual(prototypes);
    const cooked = {
      name: 'KitchenController.cook',
      children: [
        { name: 'Pantry.take', children: ['taking stock', 'ListPrices.of'] },
        'Basket.path',
        'Counter.next',
        'Tenant.name',
      ],
    };
    spans.only(['OpenGuard.canActivate', cooked, 'OpenGuard.canActivate', cooked]);
  });
});

test('when the application has shut down, live spans end as `shutdown`, and are flushed', async () => {
  const events: string[] = [];
  const { rows, spans } = record({
    processors: [
      {
        onStart: () => {},
        onEnd: ({ name }) => void events.push(`end of ${name}`),
        forceFlush: async () => void events.push('flush'),
        shutdown: async () => {},
      },
    ],
  });

  class Jobs implements OnApplicationShutdown, BeforeApplicationShutdown {
    @Traced()
    hang() {
      return new Promise<never>(() => {});
    }

    beforeApplicationShutdown() {
      events.push('shutting down');
    }

    onApplicationShutdown() {
      events.push('shut down');
    }
  }

  /** As that of BullMQ: global, so Nest shuts it down after all that have a distance, and waits for it. */
  @Global()
  @Module({})
  class DrainModule implements OnApplicationShutdown {
    readonly #drained = deferred();
    readonly #work = withSpan('Jobs.draining', () => this.#drained.promise);

    async onApplicationShutdown() {
      this.#drained.resolve();
      await this.#work;
    }
  }

  @Module({ imports: [DrainModule, TracingModule.forRoot()], providers: [Jobs] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  void app.get(Jobs).hang();
  withSpan('outer', () => void app.get(Jobs).hang());
  events.length = 0;
  await app.close();
  expect(events).toEqual([
    'shutting down',
    'shut down',
    'end of Jobs.draining',
    'end of Jobs.hang',
    'end of Jobs.hang',
    'flush',
  ]);
  expect(
    rows()
      .filter(({ name }) => name === 'Jobs.hang')
      .map(({ attributes }) => attributes),
  ).toEqual([
    { error: true, 'error.type': 'shutdown', 'oncespan.outcome': 'shutdown' },
    { error: true, 'error.type': 'shutdown', 'oncespan.outcome': 'shutdown' },
  ]);
  expect(spans()).toHaveLength(4);
});

test('an application that is closed within a task does not end that task', async () => {
  class Jobs {
    @Traced()
    hang() {
      return new Promise<never>(() => {});
    }
  }

  @Module({ imports: [TracingModule.forRoot()], providers: [Jobs] })
  class AppModule {}
  const byHand = <R>(work: () => Promise<R>) =>
    trace.getTracer('mine').startActiveSpan('by hand', (span) => work().finally(() => span.end()));
  const nightly = traceTask(async function nightly() {
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    void app.get(Jobs).hang();
    await withSpan('closing', () => byHand(() => app.close()));
    return 'done';
  });
  {
    using spans = recordSpans();
    expect(await nightly()).toBe('done');
    const hanging = { name: 'Jobs.hang', outcome: 'shutdown', error: 'shutdown' } as const;
    spans.only([{ name: 'nightly', children: [hanging, { name: 'closing', children: ['by hand'] }] }]);
  }
  const { rows } = record();
  await nightly();
  expect(rows().map(({ name, attributes }) => [name, attributes?.['oncespan.outcome']])).toEqual([
    ['Jobs.hang', 'shutdown'],
    ['by hand', undefined],
    ['closing', undefined],
    ['nightly', undefined],
  ]);
});

test('a signal ends the task, too, that an application was made in: no call waits for it', async () => {
  @Module({ imports: [TracingModule.forRoot()] })
  class AppModule {}
  using spans = recordSpans();
  await traceTask(async function consume() {
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    // As its listener to signals does.
    await (app as { close(signal: string): Promise<void> }).close('SIGTERM');
  })();
  spans.only([{ name: 'consume', outcome: 'shutdown', error: 'shutdown' }]);
});
