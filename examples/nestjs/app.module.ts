import { Controller, Get, Module, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { TracingModule } from 'oncespan/nestjs';
import { Kitchen } from './kitchen.ts';
import { ManagerGuard } from './manager.guard.ts';
import { OrdersController } from './orders.controller.ts';
import { OrdersService } from './orders.service.ts';
import { Payments } from './payments.ts';
import { Receipts } from './receipts.ts';
import { StockClient, StockController } from './stock.ts';

@Controller('health')
class HealthController {
  @Get()
  check(): string {
    return 'fine';
  }
}

@Module({
  imports: [
    TracingModule.forRoot({
      exclude: ['/health'],
      traceResponseHeader: true,
      // Every method of the providers below is a span. The kitchen itself says which of its work is one.
      classes: { exclude: [Kitchen, ManagerGuard] },
    }),
    EventEmitterModule.forRoot(),
  ],
  controllers: [OrdersController, StockController, HealthController],
  providers: [
    OrdersService,
    Payments,
    Kitchen,
    Receipts,
    StockClient,
    ManagerGuard,
    { provide: APP_PIPE, useClass: ValidationPipe },
  ],
})
export class AppModule {}
