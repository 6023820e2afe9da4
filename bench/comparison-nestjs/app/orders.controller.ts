import { Body, Controller, Get, Param, Post, Res, UseGuards, UseInterceptors } from '@nestjs/common';
import type { Span } from '@opentelemetry/api';
import { IdPipe, TeamGuard, TimingInterceptor } from './around.ts';
import { ActiveSpan } from './decorators.ts';
import { OrdersService } from './orders.service.ts';
import { note } from './places.ts';

@Controller('orders')
@UseGuards(TeamGuard)
@UseInterceptors(TimingInterceptor)
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get(':id')
  find(@Param('id', IdPipe) id: string): Promise<{ id: string }> {
    note('handler');
    return this.orders.find(id);
  }

  @Post()
  place(@Body() order: { item: string; card: string }): Promise<{ id: string }> {
    return this.orders.place(order);
  }

  @Get(':id/refused')
  refused(@Param('id') id: string): string {
    return id;
  }

  @Get(':id/slow')
  slow(): Promise<{ id: string }> {
    return this.orders.wait();
  }

  @Get(':id/broken')
  broken(@Res() response: { status(code: number): { send(body: unknown): void } }): void {
    response.status(500).send({ broken: true });
  }

  @Get(':id/current')
  current(@ActiveSpan() span: Span | undefined): string {
    span?.setAttribute('app.seen', true);
    return span === undefined ? 'none' : 'set';
  }
}
