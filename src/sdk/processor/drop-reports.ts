import { report } from '../../platform/report.ts';
import type { SelfObservation } from './self-observation.ts';
import type { DropCounts, SpanQueue } from './span-queue.ts';

/** Tells of the spans that the queue has not taken: at the first that ended after the shutdown, and of the others in numbers. */
export class DropReports {
  readonly #queue: SpanQueue;
  readonly #observation: SelfObservation | undefined;
  #reported = 0;

  constructor(queue: SpanQueue, observation: SelfObservation | undefined) {
    this.#queue = queue;
    this.#observation = observation;
  }

  dropped(reason: keyof DropCounts): void {
    this.#observation?.countDrops(1, reason);
    if (reason === 'afterShutdown' && this.#queue.drops.afterShutdown === 1) {
      report('a span that ended after the shutdown was dropped, as all that follow will be');
    }
  }

  /** Of the queue, or before they have reached the exporter, at a shutdown that has no more time. */
  gaveUp(count: number): void {
    this.#queue.drops.gaveUp += count;
    this.#observation?.countDrops(count, 'gaveUp');
    this.report();
  }

  /** Once a pass. */
  report(): void {
    const { queueFull } = this.#queue.drops;
    const dropped = queueFull - this.#reported;
    if (dropped > 0) report(`${dropped} spans were dropped: the queue was full (${this.#queue.maxSize})`);
    this.#reported = queueFull;
  }
}
