import { joined } from '../../platform/provider-call.ts';
import { refusesTimers, startTimer } from '../../platform/timer.ts';
import { callUntraced } from '../../platform/untraced-context.ts';
import type { BatchLimits } from './batch-limits.ts';
import type { BoundedExporter, Failure } from './bounded-exporter.ts';
import { type Delivery, type DeliveryOf, type DeliveryStats, lossInWords, statsOf } from './delivery.ts';
import { DropReports } from './drop-reports.ts';
import { flushDeadline, type FlushWaiters, type Waiting } from './flush-waiters.ts';
import { type OpenExport, OpenExports } from './open-exports.ts';
import { PendingAttributes } from './pending-attributes.ts';
import type { EndedSpan } from './sdk-shapes.ts';
import type { SelfObservation } from './self-observation.ts';
import type { SpanQueue } from './span-queue.ts';

/** Short, because what is to bring them may have ended with the request that has begun it. */
const ATTRIBUTES_LIMIT_MS = 1000;

/** How long flushes wait, by the clock, for an export that no flush has begun: it may have ended with its request. */
const UNCOVERED_LIMIT_MS = 5000;

const ONLY_IN_A_REQUEST = 'spans can be exported only in a request';

/** How often a flush looks whether what it has not begun itself has been answered. */
const LOOK_MS = 20;

/** A living request gives its exports up by itself, at their limit. So much later by the clock it must be over. */
const SLACK_MS = 1000;

/**
 * Delivery where I/O belongs to a request, and ends with it: on Cloudflare Workers. Each flush exports what is queued by
 * itself, in the request that asks for it, beside whatever other requests export. It waits for that, and for no promise or
 * timer of another request; where it depends on another, it looks at the clock.
 */
export class RequestExports implements Delivery {
  readonly #queue: SpanQueue;
  readonly #limits: BatchLimits;
  readonly #exporter: BoundedExporter;
  readonly #waiters: FlushWaiters;
  readonly #observation: SelfObservation | undefined;
  readonly #drops: DropReports;
  readonly #attributes = new PendingAttributes(ATTRIBUTES_LIMIT_MS);
  readonly #exports: OpenExports;
  readonly #overdueMs: number;
  #passes = 0;

  constructor({ limits, queue, exporter, waiters, observation }: DeliveryOf) {
    this.#limits = limits;
    this.#queue = queue;
    this.#exporter = exporter;
    this.#waiters = waiters;
    this.#observation = observation;
    this.#drops = new DropReports(queue, observation);
    this.#overdueMs = limits.exportTimeoutMillis + SLACK_MS;
    this.#exports = new OpenExports(this.#overdueMs, waiters);
  }

  add(span: EndedSpan): void {
    const queue = this.#queue;
    const reason = queue.add(span);
    if (reason !== undefined) return this.#drops.dropped(reason);
    // No timer starts an export: it would be cut off with a request that nobody keeps alive.
    if (queue.length < this.#limits.maxExportBatchSize || refusesTimers()) return;
    this.#beginPass();
    void this.#exportBatch({ isCovered: false });
  }

  flush(options: Waiting): Promise<void> {
    const uncovered = this.#exports.all().filter(({ isCovered }) => !isCovered);
    return this.#flush(options, uncovered, UNCOVERED_LIMIT_MS);
  }

  async close(): Promise<void> {
    this.#queue.isClosed = true;
    this.hurry();
    // No request will come for what is queued.
    if (refusesTimers()) throw new Error(`${ONLY_IN_A_REQUEST}: ${this.#loseAll()}`);
    return this.#flush({ holdsProcess: false }, this.#exports.all(), Infinity);
  }

  // No process exits where requests come and go.
  handOver(): void {}

  hurry(): void {
    this.#attributes.hurry();
  }

  giveUp(): string {
    const lost = this.#loseAll();
    this.#exporter.giveUp();
    return lost;
  }

  /** @returns what is lost, in words */
  #loseAll(): string {
    const queue = this.#queue;
    const { dropped, unknown } = this.#exports.giveUpAll();
    const all = dropped + queue.take(queue.length).length;
    this.#drops.gaveUp(all);
    return lossInWords(all, unknown);
  }

  stats(): DeliveryStats {
    this.#giveUpOverdue();
    return statsOf(this.#queue, this.#exporter, { ...this.#exports.counts, passes: this.#passes });
  }

  /** @param others exports that it waits for besides its own, until so long after they have begun */
  async #flush(options: Waiting, others: readonly OpenExport[], othersLimitMs: number): Promise<void> {
    // What is queued stays there, for the flush of a request.
    if (refusesTimers()) throw new Error(ONLY_IN_A_REQUEST);
    this.#beginPass();
    const drops = { ...this.#queue.drops };
    const own: Promise<Failure | undefined>[] = [];
    while (this.#queue.length > 0) own.push(this.#exportBatch({ isCovered: true }));
    const failures: unknown[] = [];
    const deadline = flushDeadline(options);
    const goOn = async () => {
      for (const failure of await Promise.all(own)) if (failure !== undefined) failures.push(failure.error);
      const isAwaited = (one: OpenExport) =>
        this.#exports.isOpen(one) && Date.now() < one.begun + othersLimitMs;
      while (others.some(isAwaited)) await pause();
      const failure = await this.#flushExporter();
      if (failure !== undefined) failures.push(failure.error);
      deadline.settle(undefined);
    };
    // Untraced as a whole: its promises would otherwise keep the context of whoever asks.
    callUntraced(() => void goOn());
    const early = await deadline.promise;
    if (early !== undefined) throw early.error;
    // And what nobody has been told of so far.
    await this.#waiters.wait(undefined, drops, options).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw joined(failures);
  }

  async #flushExporter(): Promise<Failure | undefined> {
    // It may wait for all that the exporter has under way, for whatever request.
    return this.#exports.areNone && !this.#exports.hasLost ? this.#exporter.forceFlush() : undefined;
  }

  #beginPass(): void {
    this.#passes++;
    this.#giveUpOverdue();
    this.#drops.report();
  }

  #giveUpOverdue(): void {
    this.#exporter.forgetOverdue(this.#overdueMs);
    this.#exports.giveUpOverdue();
  }

  /** Takes a batch off the queue at once, and hands it over when the stack is empty. */
  #exportBatch({ isCovered }: Pick<OpenExport, 'isCovered'>): Promise<Failure | undefined> {
    const spans = this.#queue.take(this.#limits.maxExportBatchSize);
    const one = this.#exports.begin({ size: spans.length, isCovered });
    return callUntraced(() => this.#deliver(one, spans));
  }

  async #deliver(one: OpenExport, spans: EndedSpan[]): Promise<Failure | undefined> {
    await this.#attributes.of(spans);
    // Given up meanwhile.
    if (!this.#exports.isOpen(one)) return undefined;
    one.isWithExporter = true;
    this.#observation?.countExport(one.size);
    const failure = await this.#exporter.export(spans);
    this.#exports.answered(one, failure);
    return failure;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) =>
    startTimer(LOOK_MS, resolve, { holdsProcess: false, isHousekeeping: true }),
  );
}
