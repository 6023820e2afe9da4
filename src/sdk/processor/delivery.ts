import type { BatchLimits } from './batch-limits.ts';
import type { BoundedExporter } from './bounded-exporter.ts';
import type { FlushWaiters, Waiting } from './flush-waiters.ts';
import type { EndedSpan } from './sdk-shapes.ts';
import type { SelfObservation } from './self-observation.ts';
import type { DropCounts, SpanQueue } from './span-queue.ts';

/** Where the sampled spans are that have ended so far. Each is in exactly one place, at every moment. */
export interface DeliveryStats {
  /** Waiting for an export. */
  readonly queued: number;
  /** On their way: taken off the queue, and not answered by the exporter. */
  readonly exporting: number;
  /** Accepted by the exporter. */
  readonly exported: number;
  /** Refused by the exporter, or it threw. They may have arrived all the same: an answer can be lost. */
  readonly failed: number;
  /** With an exporter that did not answer in time: they may have arrived. */
  readonly unknown: number;
  /** Never given to the exporter. */
  readonly dropped: number;
  /** The dropped ones, by the reason. */
  readonly drops: DropCounts;
  /** Times that exporting has been started: by a flush, a full batch or the delay. */
  readonly passes: number;
  /** Exports given up after their time-out that are still unanswered: the exporter may be at them, beside the next one. */
  readonly overdueExports: number;
}

/** What a delivery goes by, and whom it tells. */
export interface DeliveryOf {
  readonly limits: BatchLimits;
  readonly queue: SpanQueue;
  readonly exporter: BoundedExporter;
  readonly waiters: FlushWaiters;
  readonly observation: SelfObservation | undefined;
}

/** Takes the spans that have ended, and decides when they are exported. */
export interface Delivery {
  add(span: EndedSpan): void;
  /** Resolves when everything that has ended is exported; rejects with what that, or what came before it, failed with. */
  flush(options: Waiting): Promise<void>;
  /** Flushes, and drops what is added from now on. */
  close(): Promise<void>;
  /** Waits for no attribute of a resource any more. */
  hurry(): void;
  /** Gives the exporter at once, on this stack, what it has not got yet: the process exits, and nothing that waits goes on. */
  handOver(): void;
  /** Drops what is queued and ends every call of the exporter. The caller sees to whoever waits. @returns what is lost, in words */
  giveUp(): string;
  stats(): DeliveryStats;
}

/** What `stats()` answers. */
export function statsOf(
  queue: SpanQueue,
  exporter: BoundedExporter,
  counts: Pick<DeliveryStats, 'exporting' | 'exported' | 'failed' | 'unknown' | 'passes'>,
): DeliveryStats {
  return {
    queued: queue.length,
    ...counts,
    dropped: queue.dropped,
    drops: { ...queue.drops },
    overdueExports: exporter.overdue,
  };
}

/** What `giveUp()` answers. */
export function lossInWords(dropped: number, unknown: number): string {
  return `${dropped} spans were dropped, and of ${unknown} nobody knows whether they arrived`;
}
