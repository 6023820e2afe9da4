import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { traceTask, withSpan } from 'oncespan';
import { BehaviorSubject, type Observable } from 'rxjs';
import type { Order } from './order.ts';

/** Prepares orders in the background. Each has a trace of its own, linked to the request that placed the order. */
@Injectable()
export class Kitchen {
  readonly #jobs = new Map<string, { steps: BehaviorSubject<Order['step']>; cancel: AbortController }>();

  start(order: Order): void {
    const job = { steps: new BehaviorSubject<Order['step']>('placed'), cancel: new AbortController() };
    this.#jobs.set(order.id, job);
    job.steps.subscribe((step) => (order.step = step));
    this.#prepare(order, job.steps, job.cancel.signal)
      .catch(() => job.steps.next('cancelled'))
      .finally(() => job.steps.complete());
  }

  steps(id: string): Observable<Order['step']> {
    return this.#jobs.get(id)!.steps;
  }

  cancel(id: string): void {
    this.#jobs.get(id)!.cancel.abort(new Error('the customer has changed their mind'));
  }

  readonly #prepare = traceTask(
    async (_order: Order, steps: BehaviorSubject<Order['step']>, signal: AbortSignal) => {
      for (const step of ['brewing', 'pouring'] as const) {
        steps.next(step);
        await withSpan(step, () => sleep(400, undefined, { signal }));
      }
      steps.next('served');
    },
    { name: 'Kitchen.prepare', relation: 'linked', attributes: ({ id }) => ({ 'order.id': id }) },
  );
}
