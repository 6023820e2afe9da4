import { report } from '../../platform/report.ts';
import { startTimer } from '../../platform/timer.ts';
import type { BatchLimits } from './batch-limits.ts';
import type { BoundedExporter } from './bounded-exporter.ts';
import type { FlushTicket, FlushWaiters } from './flush-waiters.ts';
import type { EndedSpan } from './sdk-shapes.ts';
import { callUntraced } from '../../platform/untraced-context.ts';

/** Where the sampled spans are that have ended so far. Each is in exactly one place, at every moment. */
export interface DeliveryStats {
  /** Waiting for an export. */
  readonly queued: number;
  /** With the exporter, which has not answered yet. */
  readonly exporting: number;
  /** Accepted by the exporter. */
  readonly exported: number;
  /** Refused by the exporter, or it threw. */
  readonly failed: number;
  /** With an exporter that did not answer in time: they may have arrived. */
  readonly unknown: number;
  /** Never given to the exporter: the queue was full, or the processor shut down. */
  readonly dropped: number;
  /** Passes over the queue that have started. */
  readonly passes: number;
}

/**
 * The queue and the one loop that empties it: whoever needs an export finds the loop running or starts it, so that
 * exports never overlap. A pass exports what is queued when it starts, batch after batch, or as much of it as the flushes
 * that wait for it cover; the next one follows at once if a flush or a full batch waits for it.
 */
export class SerialPasses {
  readonly #limits: BatchLimits;
  readonly #exporter: BoundedExporter;
  readonly #waiters: FlushWaiters;
  #queue: EndedSpan[] = [];
  /** Spans that the queue takes; none once closed. */
  #room: number;
  /** The length of the queue that calls for something: 1 for a timer, a batch for a pass, none while passes run. */
  #wakeAt = 1;
  #clearTimer: (() => void) | undefined;
  #isPassing = false;
  #lastTicket = 0;
  #served = 0;
  /** The number of the first span that the last ticket does not cover. */
  #covered = 0;
  /** Spans that have left the queue, and so the number of the one that is first in it. */
  #taken = 0;
  readonly #counts = { exporting: 0, exported: 0, failed: 0, unknown: 0, dropped: 0, passes: 0 };
  #reportedDrops = 0;

  constructor(limits: BatchLimits, exporter: BoundedExporter, waiters: FlushWaiters) {
    this.#limits = limits;
    this.#exporter = exporter;
    this.#waiters = waiters;
    this.#room = limits.maxQueueSize;
  }

  add(span: EndedSpan): void {
    const queue = this.#queue;
    if (queue.length >= this.#room) this.#counts.dropped++;
    else if (queue.push(span) >= this.#wakeAt) this.#wake();
  }

  /** @returns the ticket to wait with, or `undefined` when there is nothing that could still be flushed */
  request(): FlushTicket | undefined {
    // Nothing is added once closed, so that the last ticket covers whoever comes later.
    if (this.#room > 0) this.#lastTicket++;
    if (this.#served === this.#lastTicket) return undefined;
    this.#covered = this.#taken + this.#queue.length;
    if (!this.#isPassing) this.#start();
    return { number: this.#lastTicket, covers: this.#covered };
  }

  /** Drops what is added from now on. */
  close(): void {
    this.#room = 0;
  }

  /** Drops what is queued and ends the loop. The caller sees to whoever waits. */
  giveUp(): void {
    const { length } = this.#queue;
    this.#counts.dropped += length;
    this.#taken += length;
    this.#queue = [];
    this.#served = this.#lastTicket;
    this.#exporter.giveUp();
  }

  stats(): DeliveryStats {
    return { queued: this.#queue.length, ...this.#counts };
  }

  #wake(): void {
    const { maxExportBatchSize, scheduledDelayMillis } = this.#limits;
    if (this.#queue.length >= maxExportBatchSize) return this.#start();
    this.#wakeAt = maxExportBatchSize;
    this.#clearTimer = startTimer(scheduledDelayMillis, () => this.#start(), {
      holdsProcess: false,
      isHousekeeping: true,
    });
  }

  #start(): void {
    this.#clearTimer?.();
    this.#wakeAt = Infinity;
    this.#isPassing = true;
    // The loop as a whole: its promises would otherwise keep the context of whoever started it.
    callUntraced(() => void this.#run());
  }

  async #run(): Promise<void> {
    do await this.#pass();
    while (this.#lastTicket > this.#served || this.#queue.length >= this.#limits.maxExportBatchSize);
    this.#isPassing = false;
    this.#wakeAt = 1;
    if (this.#queue.length > 0) this.#wake();
  }

  async #pass(): Promise<void> {
    // Before the queue is looked at: whoever holds this ticket or a lower one has all their spans in it, or before it.
    const ticket = this.#lastTicket;
    // A flush does not wait for what ends later.
    const end = ticket > this.#served ? this.#covered : this.#taken + this.#queue.length;
    this.#counts.passes++;
    this.#reportDrops();
    while (this.#taken < end) await this.#exportBatch();
    if (ticket <= this.#served) return;
    const failure = await this.#exporter.forceFlush();
    this.#served = Math.max(this.#served, ticket);
    this.#waiters.serve(ticket, failure);
  }

  async #exportBatch(): Promise<void> {
    const size = Math.min(this.#queue.length, this.#limits.maxExportBatchSize);
    await this.#exporter.attributesOf(this.#queue, size);
    const batch = this.#queue.splice(0, size);
    // Given up while waiting.
    if (batch.length === 0) return;
    const counts = this.#counts;
    const first = this.#taken;
    this.#taken += batch.length;
    counts.exporting = batch.length;
    const failure = await this.#exporter.export(batch);
    counts.exporting = 0;
    counts[failure?.kind ?? 'exported'] += batch.length;
    if (failure !== undefined) this.#waiters.noteFailure(first, failure.error);
  }

  #reportDrops(): void {
    const { dropped } = this.#counts;
    if (dropped > this.#reportedDrops) {
      const { maxQueueSize } = this.#limits;
      report(`${dropped - this.#reportedDrops} spans were dropped: the queue was full (${maxQueueSize})`);
    }
    this.#reportedDrops = dropped;
  }
}
