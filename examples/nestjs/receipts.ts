import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import type { Order } from './order.ts';

/** Sent when the request has been answered, so in a trace of its own, linked to the request. */
@Injectable()
export class Receipts {
  readonly #logger = new Logger(Receipts.name);

  @OnEvent('order.placed', { async: true })
  async send({ id }: Order): Promise<void> {
    await sleep(30);
    this.#logger.log(`receipt for order ${id}`);
  }
}
