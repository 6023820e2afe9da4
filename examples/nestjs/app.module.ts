import { Controller, Get, Module, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { TracingModule } from 'oncespan/nestjs';
import { Kitchen } from './kitchen.ts';
import { OrdersController } from './orders.controller.ts';
import { OrdersService } from './orders.service.ts';
import { Payments } from './payments.ts';

@Controller('health')
class HealthController {
  @Get()
  check(): string {
    return 'fine';
  }
}

@Module({
  imports: [TracingModule.forRoot({ exclude: ['/health'], traceResponseHeader: true })],
  controllers: [OrdersController, HealthController],
  providers: [OrdersService, Payments, Kitchen, { provide: APP_PIPE, useClass: ValidationPipe }],
})
export class AppModule {}
