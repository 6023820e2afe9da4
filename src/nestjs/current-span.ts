import { createParamDecorator } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';
import { noSpan } from '../span/parentage.ts';

/**
 * Gives a handler the span that it runs in, to set attributes on or add events to: its own, of the
 * {@link TracedInterceptor}, whatever transport it serves. One that records nothing where there is none.
 *
 * It is ended for you. Needs no module: without one it is the span that an instrumentation has made.
 *
 * @example
 * \@Controller('orders')
 * class OrdersController {
 *   constructor(private readonly orders: OrdersService) {}
 *
 *   \@Post()
 *   place(\@Body() order: Order, \@CurrentSpan() span: Span) {
 *     span.setAttribute('order.lines', order.lines.length);
 *     return this.orders.place(order);
 *   }
 * }
 */
export const CurrentSpan: () => ParameterDecorator = createParamDecorator(
  () => attempt('trace.getActiveSpan()', () => trace.getActiveSpan()) ?? noSpan(),
);
