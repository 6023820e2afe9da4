// What only standard decorators, or not all compilers' legacy ones, can be put on.
import { Traced } from 'oncespan';
import { recordSpans } from 'oncespan/testing';
import { behaves, checkOrders, equal } from './orders.js';

const SETTLE = Symbol('settle');

class Payments {
  @Traced()
  async charge(amount: number): Promise<number> {
    return this.#fee(amount);
  }

  @Traced()
  #fee(amount: number): number {
    return Payments.#rounded(amount * 1.1);
  }

  @Traced()
  static #rounded(amount: number): number {
    return Math.round(amount);
  }

  @Traced()
  [SETTLE](): number {
    return 1;
  }

  @Traced()
  refund = async (amount: number): Promise<number> => -amount;
}

async function checkPayments(): Promise<void> {
  const spans = recordSpans();
  const payments = new Payments();
  equal([await payments.charge(10), payments[SETTLE](), await payments.refund(10)], [11, 1, -10]);
  spans.only([
    {
      name: 'Payments.charge',
      children: [{ name: 'Payments.#fee', children: ['Payments.#rounded'] }],
    },
    'Payments.[settle]',
    'Payments.refund',
  ]);
}

void behaves(async () => {
  await checkOrders();
  await checkPayments();
});
