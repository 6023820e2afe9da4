import { LONGEST_DELAY, startTimer } from '../../platform/timer.ts';
import { callUntraced } from '../../platform/untraced-context.ts';
import type { BatchLimits } from './batch-limits.ts';
import type { BoundedExporter } from './bounded-exporter.ts';
import { type Delivery, type DeliveryOf, type DeliveryStats, lossInWords, statsOf } from './delivery.ts';
import { DropReports } from './drop-reports.ts';
import type { FlushTicket, FlushWaiters, Waiting } from './flush-waiters.ts';
import { PendingAttributes } from './pending-attributes.ts';
import type { EndedSpan } from './sdk-shapes.ts';
import type { SelfObservation } from './self-observation.ts';
import type { SpanQueue } from './span-queue.ts';

/** Also where an export may take as long as it likes: an attribute is not worth that. */
const ATTRIBUTES_LIMIT_MS = 30_000;

/** A batch on its way, by the numbers of its spans. */
interface Batch {
  readonly first: number;
  readonly size: number;
  readonly spans: EndedSpan[];
  isWithExporter: boolean;
}

/**
 * Decides when spans are exported. A batch leaves the queue as soon as it is full and the exporter has a call to spare; one
 * that is not full leaves when its delay has passed or a flush covers it. Flushes are served by passes, one after the
 * other: a pass has everything exported that ended before it, then has the exporter flush.
 *
 * `#advance()` is the one place that decides, called whenever something has changed.
 */
export class ExportPasses implements Delivery {
  readonly #queue: SpanQueue;
  readonly #limits: BatchLimits;
  readonly #exporter: BoundedExporter;
  readonly #waiters: FlushWaiters;
  readonly #observation: SelfObservation | undefined;
  readonly #drops: DropReports;
  readonly #attributes: PendingAttributes;
  /** How long the queue is when there is something to do: 1 to start the delay, a batch to export it, `Infinity` while no export can start. */
  #wakeAt = 1;
  #clearTimer: (() => void) | undefined;
  /** Spans before this number leave as soon as an export may start, even in a batch that is not full. */
  #due = 0;
  /** In the order in which they have left the queue. */
  readonly #batches = new Set<Batch>();
  /** The hand-over of the last batch: one that waits for attributes is not overtaken. */
  #handedOver: Promise<void> | undefined;
  #lastTicket: FlushTicket = { number: 0, covers: 0 };
  #served = 0;
  /** The last ticket that the flush under way serves. */
  #serving: FlushTicket | undefined;
  #isExporterFlushing = false;
  readonly #counts = { exporting: 0, exported: 0, failed: 0, unknown: 0, passes: 0 };

  constructor({ limits, queue, exporter, waiters, observation }: DeliveryOf) {
    this.#limits = limits;
    this.#queue = queue;
    this.#exporter = exporter;
    this.#waiters = waiters;
    this.#observation = observation;
    this.#drops = new DropReports(queue, observation);
    this.#attributes = new PendingAttributes(Math.min(limits.exportTimeoutMillis, ATTRIBUTES_LIMIT_MS));
  }

  add(span: EndedSpan): void {
    const queue = this.#queue;
    const reason = queue.add(span);
    if (reason !== undefined) this.#drops.dropped(reason);
    else if (queue.length >= this.#wakeAt) this.#advance();
  }

  flush(options: Waiting): Promise<void> {
    // Nothing is added once closed, so that the last ticket covers whoever comes later.
    if (!this.#queue.isClosed) this.#takeTicket();
    return this.#wait(options);
  }

  close(): Promise<void> {
    this.#takeTicket();
    this.#queue.isClosed = true;
    this.hurry();
    return this.#wait({ holdsProcess: false });
  }

  hurry(): void {
    this.#attributes.hurry();
  }

  handOver(): void {
    const queue = this.#queue;
    while (queue.length > 0) this.#exportBatch();
    for (const batch of this.#batches) if (!batch.isWithExporter) void this.#export(batch);
  }

  giveUp(): string {
    const queue = this.#queue;
    let dropped = queue.take(queue.length).length;
    let unknown = 0;
    for (const batch of this.#batches) {
      if (batch.isWithExporter) unknown += batch.size;
      else {
        dropped += batch.size;
        this.#counts.exporting -= batch.size;
        this.#batches.delete(batch);
      }
    }
    this.#drops.gaveUp(dropped);
    this.#served = this.#lastTicket.number;
    this.#clearTimer?.();
    this.#exporter.giveUp();
    return lossInWords(dropped, unknown);
  }

  stats(): DeliveryStats {
    return statsOf(this.#queue, this.#exporter, this.#counts);
  }

  #wait(options: Waiting): Promise<void> {
    const isServed = this.#served === this.#lastTicket.number;
    const ticket = isServed ? undefined : this.#lastTicket;
    const drops = { ...this.#queue.drops };
    const waited = this.#waiters.wait(ticket, drops, options);
    if (!isServed && this.#serving === undefined) this.#advance();
    return waited;
  }

  #takeTicket(): void {
    const { number } = this.#lastTicket;
    this.#lastTicket = { number: number + 1, covers: this.#queue.end };
  }

  #advance(): void {
    const { passes } = this.#counts;
    this.#startWhatIsDue();
    // At the end: whoever hears of it may ask for a flush.
    if (this.#counts.passes > passes) this.#drops.report();
  }

  #startWhatIsDue(): void {
    const queue = this.#queue;
    const { maxConcurrentExports, maxExportBatchSize, scheduledDelayMillis } = this.#limits;
    if (this.#serving === undefined && this.#served < this.#lastTicket.number) this.#beginFlush();
    if (this.#serving !== undefined) this.#goOnFlushing(this.#serving);

    let calls = this.#batches.size + (this.#isExporterFlushing ? 1 : 0);
    for (; calls < maxConcurrentExports; calls++) {
      if (queue.first >= this.#due && queue.length < maxExportBatchSize) break;
      this.#exportBatch();
    }

    if (calls === maxConcurrentExports) this.#wakeAt = Infinity;
    else if (queue.length === 0) this.#wakeAt = 1;
    else {
      this.#wakeAt = maxExportBatchSize;
      this.#clearTimer ??= startTimer(
        Math.min(scheduledDelayMillis, LONGEST_DELAY),
        () => this.#delayHasPassed(),
        {
          holdsProcess: false,
          isHousekeeping: true,
        },
      );
    }
  }

  #delayHasPassed(): void {
    this.#clearTimer = undefined;
    this.#due = this.#queue.end;
    this.#counts.passes++;
    this.#drops.report();
    this.#advance();
  }

  #beginFlush(): void {
    this.#serving = this.#lastTicket;
    this.#due = Math.max(this.#due, this.#serving.covers);
    this.#counts.passes++;
  }

  /** Has the exporter flush, once everything that the flush covers has been answered. */
  #goOnFlushing({ covers }: FlushTicket): void {
    const [oldest] = this.#batches;
    if (this.#isExporterFlushing || this.#queue.first < covers || (oldest && oldest.first < covers)) return;
    this.#isExporterFlushing = true;
    // Untraced as a whole: its promises would otherwise keep the context of whoever asked.
    callUntraced(() => void this.#endFlush());
  }

  async #endFlush(): Promise<void> {
    // Never on the stack of whoever asks.
    await undefined;
    const failure = await this.#exporter.forceFlush();
    const served = this.#serving!;
    this.#isExporterFlushing = false;
    this.#serving = undefined;
    this.#served = Math.max(this.#served, served.number);
    this.#waiters.serve(served.number, failure);
    this.#advance();
  }

  /** Takes a batch off the queue at once, so that there is room, and hands it over when the stack is empty. */
  #exportBatch(): void {
    const { first } = this.#queue;
    // Full, and nobody had asked for it.
    if (first >= this.#due) this.#counts.passes++;
    this.#clearTimer?.();
    this.#clearTimer = undefined;
    const spans = this.#queue.take(this.#limits.maxExportBatchSize);
    const batch: Batch = { first, size: spans.length, spans, isWithExporter: false };
    this.#batches.add(batch);
    this.#counts.exporting += batch.size;
    callUntraced(() => void this.#deliver(batch));
  }

  async #deliver(batch: Batch): Promise<void> {
    this.#handedOver = this.#waitFor(this.#handedOver, batch.spans);
    await this.#handedOver;
    // Given up meanwhile, or handed over.
    if (this.#batches.has(batch) && !batch.isWithExporter) await this.#export(batch);
  }

  async #export(batch: Batch): Promise<void> {
    batch.isWithExporter = true;
    const { size, spans } = batch;
    const counts = this.#counts;
    this.#observation?.countExport(size);
    const failure = await this.#exporter.export(spans);
    this.#batches.delete(batch);
    counts.exporting -= size;
    counts[failure?.kind ?? 'exported'] += size;
    if (failure !== undefined) this.#waiters.noteFailure(batch.first, failure.error);
    this.#advance();
  }

  async #waitFor(before: Promise<void> | undefined, spans: EndedSpan[]): Promise<void> {
    await before;
    await this.#attributes.of(spans);
  }
}
