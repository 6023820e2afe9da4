// What an application has of its own: providers that common libraries call, in a module that imports some of these as
// classes, and lists a provider of one.

import { HttpModule } from '@nestjs/axios';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { BullModule, InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Controller, Get, Inject, Injectable, Logger, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { CommandBus, CommandHandler, CqrsModule } from '@nestjs/cqrs';
import { EventEmitter2, OnEvent } from '@nestjs/event-emitter';
import { Query, Resolver } from '@nestjs/graphql';
import { Cron } from '@nestjs/schedule';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { SkipThrottle, ThrottlerGuard } from '@nestjs/throttler';
import { getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import { EntitySchema } from 'typeorm';
import { decorate } from './decorate.mjs';

class Order {}
const ORDERS = new EntitySchema({
  name: 'Order',
  target: Order,
  columns: { id: { type: Number, primary: true, generated: true }, item: { type: String } },
});

class PlaceOrder {
  constructor(item) {
    this.item = item;
  }
}

class PlaceOrderHandler {
  constructor(orders, events, cache) {
    Object.assign(this, { orders, events, cache });
  }

  async execute({ item }) {
    const { id } = await this.orders.save({ item });
    await this.cache.set(`order ${id}`, item);
    await this.events.emitAsync('order placed', id);
    return id;
  }
}
decorate([CommandHandler(PlaceOrder)], PlaceOrderHandler);
decorate([Inject(getRepositoryToken(Order))], PlaceOrderHandler, undefined, 0);
decorate([Inject(EventEmitter2)], PlaceOrderHandler, undefined, 1);
decorate([Inject(CACHE_MANAGER)], PlaceOrderHandler, undefined, 2);

class Receipts {
  constructor(queue) {
    this.queue = queue;
  }

  async send(id) {
    await this.queue.add('receipt', { id });
  }
}
decorate([Injectable()], Receipts);
decorate([InjectQueue('receipts')], Receipts, undefined, 0);
decorate([OnEvent('order placed')], Receipts.prototype, 'send');

export class ReceiptProcessor extends WorkerHost {
  async process({ data }) {
    return data.id;
  }
}
decorate([Processor('receipts')], ReceiptProcessor);

class OrdersService {
  constructor(commands, config) {
    Object.assign(this, { commands, config });
  }

  async place() {
    return this.commands.execute(new PlaceOrder(this.config.get('ITEM')));
  }

  async clear() {}
}
decorate([Injectable()], OrdersService);
decorate([Inject(CommandBus)], OrdersService, undefined, 0);
decorate([Inject(ConfigService)], OrdersService, undefined, 1);
decorate([Cron('0 0 1 1 *')], OrdersService.prototype, 'clear');

class OrdersResolver {
  count() {
    return '1';
  }
}
// The guard reads HTTP requests alone.
decorate([Resolver(), SkipThrottle()], OrdersResolver);
decorate([Query(() => String)], OrdersResolver.prototype, 'count');

class OrdersController {
  constructor(orders, health) {
    Object.assign(this, { orders, health });
  }

  place() {
    return this.orders.place();
  }

  check() {
    return this.health.check([]);
  }
}
decorate([Controller('orders')], OrdersController);
decorate([Inject(OrdersService)], OrdersController, undefined, 0);
decorate([Inject(HealthCheckService)], OrdersController, undefined, 1);
decorate([Get('place')], OrdersController.prototype, 'place');
decorate([Get('health')], OrdersController.prototype, 'check');

export class OrdersModule {}
decorate(
  [
    Module({
      imports: [
        CqrsModule,
        TerminusModule,
        DiscoveryModule,
        HttpModule,
        TypeOrmModule.forFeature([ORDERS]),
        BullModule.registerQueue({ name: 'receipts' }),
      ],
      controllers: [OrdersController],
      providers: [
        OrdersService,
        PlaceOrderHandler,
        Receipts,
        ReceiptProcessor,
        OrdersResolver,
        { provide: APP_GUARD, useClass: ThrottlerGuard },
        Logger,
      ],
    }),
  ],
  OrdersModule,
);
