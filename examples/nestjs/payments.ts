import { setTimeout as sleep } from 'node:timers/promises';
import { HttpException, Injectable } from '@nestjs/common';
import { Traced } from 'oncespan';

@Injectable()
export class Payments {
  /** The span finds the signal in the arguments. When the client leaves, the charge stops and its span is `aborted`. */
  @Traced({ attributes: (cents: number) => ({ 'payment.cents': cents }) })
  async charge(cents: number, signal: AbortSignal): Promise<void> {
    await sleep(cents > 500 ? 2000 : 40, undefined, { signal });
    if (cents > 5000) throw new HttpException('the bank does not answer', 502);
  }
}
