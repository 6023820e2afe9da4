import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, NotFoundException } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import type { Observable } from 'rxjs';
import { Kitchen } from './kitchen.ts';
import type { NewOrder, Order } from './order.ts';
import { Payments } from './payments.ts';
import { StockClient } from './stock.ts';

@Injectable()
export class OrdersService {
  readonly #orders = new Map<string, Order>();
  readonly #payments: Payments;
  readonly #kitchen: Kitchen;
  readonly #stock: StockClient;
  readonly #events: EventEmitter2;

  constructor(payments: Payments, kitchen: Kitchen, stock: StockClient, events: EventEmitter2) {
    this.#payments = payments;
    this.#kitchen = kitchen;
    this.#stock = stock;
    this.#events = events;
  }

  list(): Order[] {
    return [...this.#orders.values()];
  }

  find(id: string): Order {
    const order = this.#orders.get(id);
    if (order === undefined) throw new NotFoundException(`there is no order ${id}`);
    return order;
  }

  async place({ item, quantity }: NewOrder, signal: AbortSignal): Promise<Order> {
    await this.#stock.reserve({ item, quantity });
    await this.#payments.charge(quantity * 100, signal);
    const order: Order = { id: String(this.#orders.size + 1), item, quantity, step: 'placed' };
    this.#orders.set(order.id, order);
    this.#kitchen.start(order);
    this.#events.emit('order.placed', order);
    return order;
  }

  progress(id: string): Observable<Order['step']> {
    return this.#kitchen.steps(this.find(id).id);
  }

  async *rows(): AsyncGenerator<string> {
    yield 'id,item,quantity,step\n';
    for (const { id, item, quantity, step } of this.#orders.values()) {
      await sleep(20);
      yield `${id},${item},${quantity},${step}\n`;
    }
  }

  cancel(id: string): void {
    this.#kitchen.cancel(this.find(id).id);
  }
}
