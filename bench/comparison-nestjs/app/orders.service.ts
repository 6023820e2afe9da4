import { Injectable, NotFoundException, SetMetadata } from '@nestjs/common';
import { Traced } from './decorators.ts';
import { pass, passed } from './gates.ts';
import { note } from './places.ts';

export class SoldOut extends Error {
  override name = 'SoldOut';
}

export class CardDeclined extends Error {
  override name = 'CardDeclined';
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 4));

@Injectable()
export class StockService {
  @Traced()
  async reserve(item: string): Promise<string> {
    await pause();
    return item;
  }
}

@Injectable()
export class PaymentsService {
  @Traced()
  async charge(card: string): Promise<void> {
    await pause();
    if (card === 'declined') throw new CardDeclined('the bank says no');
  }
}

@Injectable()
export class OrdersService {
  constructor(
    private readonly stock: StockService,
    private readonly payments: PaymentsService,
  ) {}

  @Traced()
  async find(id: string): Promise<{ id: string }> {
    note('service');
    if (id === '404') throw new NotFoundException();
    if (id === '409') throw new SoldOut('there is none left');
    return { id };
  }

  @Traced()
  async place(order: { item: string; card: string }): Promise<{ id: string }> {
    await this.stock.reserve(order.item);
    await this.payments.charge(order.card);
    return { id: '7' };
  }

  @Traced()
  async wait(): Promise<{ id: string }> {
    pass('waiting');
    await passed('go on');
    return { id: '7' };
  }
}

function Tagged(_target: object, _key: string, descriptor: PropertyDescriptor): void {
  descriptor.value.tag = 'tagged';
}

/** What a decorator may do to a method. */
@Injectable()
export class ProbeService {
  private readonly factor = 2;

  @Traced()
  twice(value: number): number {
    return value * this.factor;
  }

  @SetMetadata('role', 'above')
  @Traced()
  @SetMetadata('place', 'below')
  @Tagged
  async many(first: number, second: number): Promise<number> {
    return first + second;
  }
}
