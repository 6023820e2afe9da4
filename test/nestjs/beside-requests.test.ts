import { Controller, Get, Injectable, Module, type Type } from '@nestjs/common';
import {
  CommandBus,
  CommandHandler,
  CqrsModule,
  EventBus,
  EventsHandler,
  type ICommandHandler,
  type IEventHandler,
  type IQueryHandler,
  QueryBus,
  QueryHandler,
} from '@nestjs/cqrs';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { expect, test } from 'vitest';
import { Traced, Untraced } from '../../src/index.ts';
import { TracingModule, type TracingModuleOptions } from '../../src/nestjs/index.ts';
import { deferred, record } from '../harness.ts';
import { serve } from './serve.ts';

class PlaceOrder {}
class GetOrders {}
class OrderPlaced {}

let gates = { told: deferred(), answered: deferred() };

/** Decorated anew each time: methods are replaced where they stand. */
function handlersOf(trace: () => ClassDecorator): Type[] {
  @CommandHandler(PlaceOrder)
  @trace()
  class PlaceOrderHandler implements ICommandHandler<PlaceOrder> {
    async execute() {
      return 'placed';
    }
  }

  @trace()
  @QueryHandler(GetOrders)
  class GetOrdersHandler implements IQueryHandler<GetOrders> {
    async execute() {
      return ['tea'];
    }
  }

  @EventsHandler(OrderPlaced)
  @trace()
  class OrderPlacedHandler implements IEventHandler<OrderPlaced> {
    async handle() {
      await gates.answered.promise;
      gates.told.resolve();
    }
  }

  @trace()
  @Injectable()
  class Clock {
    @Cron('0 0 1 1 *', { name: 'tick' })
    async tick() {}

    @OnEvent('placed')
    now() {}

    @OnEvent('placed', { async: true })
    async later() {}

    @Traced({ relation: 'child' })
    @OnEvent('placed', { async: true })
    async near() {}

    @OnEvent('placed', { async: true })
    @Untraced()
    unseen() {}
  }

  return [PlaceOrderHandler, GetOrdersHandler, OrderPlacedHandler, Clock];
}

@Controller('orders')
class OrdersController {
  readonly commands: CommandBus;
  readonly queries: QueryBus;
  readonly events: EventBus;
  readonly emitter: EventEmitter2;

  constructor(commands: CommandBus, queries: QueryBus, events: EventBus, emitter: EventEmitter2) {
    this.commands = commands;
    this.queries = queries;
    this.events = events;
    this.emitter = emitter;
  }

  @Get()
  async place() {
    await this.commands.execute(new PlaceOrder());
    await this.queries.execute(new GetOrders());
    this.events.publish(new OrderPlaced());
    await this.emitter.emitAsync('placed');
    return 'done';
  }
}

const byHand = Traced as () => ClassDecorator;
const byNobody = () => () => {};

test.each<[string, TracingModuleOptions, () => ClassDecorator]>([
  ["traced by 'providers'", { classes: 'providers' }, byNobody],
  ['decorated', {}, byHand],
  ['both', { classes: 'providers' }, byHand],
])(
  'commands, queries, events and cron jobs, %s: children of who waits for them, else roots with a link',
  async (_, options, decorate) => {
    @Module({
      imports: [
        TracingModule.forRoot(options),
        CqrsModule.forRoot(),
        EventEmitterModule.forRoot(),
        ScheduleModule.forRoot(),
      ],
      controllers: [OrdersController],
      providers: handlersOf(decorate),
    })
    class AppModule {}
    const [told, answered] = [deferred(), deferred()];
    gates = { told, answered };
    const { spans } = record();
    await using served = await serve(AppModule, new ExpressAdapter());
    expect(await (await fetch(`${served.url}/orders`)).text()).toBe('done');
    await served.settled();
    answered.resolve();
    await told.promise;
    await served.app.get(SchedulerRegistry).getCronJob('tick').fireOnTick();
    const name = (id: string | undefined) => spans().find((span) => span.spanContext().spanId === id)?.name;
    const rows = spans().map((span) => [
      span.name,
      name(span.parentSpanContext?.spanId),
      span.links.map(({ context }) => name(context.spanId)),
    ]);
    expect(rows.toSorted()).toEqual([
      ['Clock.later', undefined, ['OrdersController.place']],
      ['Clock.near', 'OrdersController.place', []],
      ['Clock.now', 'OrdersController.place', []],
      ['Clock.tick', undefined, []],
      ['GET /orders', undefined, []],
      ['GetOrdersHandler.execute', 'OrdersController.place', []],
      ['OrderPlacedHandler.handle', undefined, ['OrdersController.place']],
      ['OrdersController.place', 'GET /orders', []],
      ['PlaceOrderHandler.execute', 'OrdersController.place', []],
    ]);
  },
);
