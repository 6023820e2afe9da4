import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { firstMiddleware, SoldOutFilter } from './around.ts';
import { inNest } from './decorators.ts';
import { FeedsController } from './feeds.controller.ts';
import { OrdersController } from './orders.controller.ts';
import { OrdersService, PaymentsService, ProbeService, StockService } from './orders.service.ts';

const isWithMessages = process.env.APP === 'messages' || process.env.APP === 'hybrid';
const messages = isWithMessages ? [require('./messages.controller.js').MessagesController] : [];
const { background = [], Cleaning = undefined } =
  process.env.APP === 'background' ? require('./background.js') : {};

@Module({
  imports: [...(inNest.imports as never[]), ...background],
  controllers: [OrdersController, FeedsController, ...messages],
  providers: [
    ...(inNest.providers as never[]),
    { provide: APP_FILTER, useClass: SoldOutFilter },
    OrdersService,
    StockService,
    PaymentsService,
    ProbeService,
    ...(Cleaning === undefined ? [] : [Cleaning]),
  ],
})
export class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(firstMiddleware).forRoutes(OrdersController, FeedsController);
  }
}
