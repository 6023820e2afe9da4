import { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  type MessageEvent,
  Param,
  Post,
  Sse,
  StreamableFile,
  UseGuards,
} from '@nestjs/common';
import type { Span } from '@opentelemetry/api';
import { CurrentSpan, RequestSignal } from 'oncespan/nestjs';
import { map, type Observable } from 'rxjs';
import { ManagerGuard } from './manager.guard.ts';
import { NewOrder, type Order } from './order.ts';
import { OrdersService } from './orders.service.ts';

@Controller('orders')
export class OrdersController {
  readonly #orders: OrdersService;

  constructor(orders: OrdersService) {
    this.#orders = orders;
  }

  @Get()
  list(): Order[] {
    return this.#orders.list();
  }

  @Post()
  place(
    @Body() order: NewOrder,
    @CurrentSpan() span: Span,
    @RequestSignal() signal: AbortSignal,
  ): Promise<Order> {
    span.setAttribute('order.item', order.item);
    return this.#orders.place(order, signal);
  }

  @Get('export')
  export(): StreamableFile {
    return new StreamableFile(Readable.from(this.#orders.rows(), { objectMode: false }), {
      type: 'text/csv',
      disposition: 'attachment; filename="orders.csv"',
    });
  }

  @Get('ledger')
  @UseGuards(ManagerGuard)
  ledger(): Order[] {
    return this.#orders.list();
  }

  @Sse(':id/progress')
  progress(@Param('id') id: string): Observable<MessageEvent> {
    return this.#orders.progress(id).pipe(map((step) => ({ data: { step } })));
  }

  @Delete(':id')
  @HttpCode(204)
  cancel(@Param('id') id: string): void {
    this.#orders.cancel(id);
  }
}
