import { Controller, Injectable, type OnModuleDestroy } from '@nestjs/common';
import {
  type ClientProxy,
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { carrier } from 'oncespan';
import { firstValueFrom } from 'rxjs';
import type { NewOrder } from './order.ts';

/** The stock listens here. It is part of the same application, but gets its messages over TCP as another one would. */
export const stockOptions = { host: '127.0.0.1', port: Number(process.env['STOCK_PORT'] ?? 3001) };

@Controller()
export class StockController {
  @MessagePattern('reserve')
  reserve(@Payload() { quantity }: NewOrder): number {
    return quantity;
  }
}

@Injectable()
export class StockClient implements OnModuleDestroy {
  readonly #client: ClientProxy = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: stockOptions,
  });

  /** The payload carries the trace. */
  reserve(order: NewOrder): Promise<number> {
    return firstValueFrom(this.#client.send<number>('reserve', { ...order, ...carrier() }));
  }

  onModuleDestroy(): void {
    this.#client.close();
  }
}
