import { TraceFlags } from '@opentelemetry/api';
import { FLUSH_RULES } from '../../options/check.ts';
import { readOptions, refuse, tolerate } from '../../options/check.ts';
import { Deadline } from '../../platform/deadline.ts';
import { inWords } from '../../platform/report.ts';
import { type BatchOptions, readBatchLimits } from './batch-limits.ts';
import { BoundedExporter } from './bounded-exporter.ts';
import { FlushWaiters, type ForceFlushOptions, joined } from './flush-waiters.ts';
import type { EndedSpan, Exporter } from './sdk-shapes.ts';
import { type DeliveryStats, SerialPasses } from './serial-passes.ts';
import { timeoutError } from './timeout-error.ts';

export interface ShutdownOptions {
  /** Milliseconds for everything together; until then the process stays. Default: `exportTimeoutMillis`, and it may exit. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A span processor that gives what the specification asks of a batching one and SDKs do not: exports never overlap, a
 * flush waits for the batches in flight, a failed batch is counted and told to the flush that covers it, and whatever
 * the exporter does (throw, hang, answer twice or late), the next export takes place.
 *
 * Spans are exported in passes: batches, one after the other; during a pass the queue fills for the next. Exports run in
 * the root context with tracing suppressed. One that has not been answered after `exportTimeoutMillis` is given up.
 * https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor
 *
 * @example
 * new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())] });
 */
export class SerialBatchSpanProcessor {
  readonly #waiters = new FlushWaiters();
  readonly #exporter: BoundedExporter;
  readonly #passes: SerialPasses;
  readonly #exportTimeoutMillis: number;
  #shutdown: Promise<void> | undefined;

  /** @throws TypeError for something that does not export, or a wrong option */
  constructor(exporter: Exporter, options?: BatchOptions) {
    if (typeof (exporter as Exporter | undefined)?.export !== 'function') {
      refuse(
        `SerialBatchSpanProcessor: ${inWords(exporter)} has no export(); give the exporter first, then the options`,
      );
    }
    const limits = readBatchLimits(options);
    this.#exportTimeoutMillis = limits.exportTimeoutMillis;
    this.#exporter = new BoundedExporter(exporter, limits.exportTimeoutMillis);
    this.#passes = new SerialPasses(limits, this.#exporter, this.#waiters);
  }

  onStart(): void {}

  onEnd(span: EndedSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) this.#passes.add(span);
  }

  /**
   * Exports what has ended, and resolves when the exporter has accepted all of it, batches in flight included. It waits
   * for no span that ends later, but in the same batch.
   *
   * Rejects with the exporter's error if a batch that it covers was not accepted (an `AggregateError` if it was
   * several), with a `TimeoutError` after `timeoutMs`, with the signal's reason on abort. The export goes on then;
   * only the waiting ends. With a signal that has aborted already, nothing starts.
   *
   * @example
   * await processor.forceFlush({ timeoutMs: 2000 });
   */
  forceFlush(options?: ForceFlushOptions): Promise<void> {
    const { timeoutMs, signal } = readOptions('forceFlush()', options, FLUSH_RULES, tolerate);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const ticket = this.#passes.request();
    return ticket === undefined ? Promise.resolve() : this.#waiters.wait(ticket, { timeoutMs, signal });
  }

  /**
   * Flushes, then shuts the exporter down: once, whatever the flush came to. Every caller gets the same promise, so the
   * first one's limit holds for all. Spans that end from now on are dropped.
   *
   * When time is up, what is queued is dropped, what the exporter has not answered for is `unknown`, the exporter's
   * `shutdown()` is still called but not waited for, and the promise rejects with a `TimeoutError`. Otherwise it rejects
   * with what the flush or the exporter's `shutdown()` failed with.
   */
  shutdown(options?: ShutdownOptions): Promise<void> {
    const { timeoutMs } = readOptions('shutdown()', options, { timeoutMs: FLUSH_RULES.timeoutMs }, tolerate);
    return (this.#shutdown ??= this.#close(timeoutMs));
  }

  stats(): DeliveryStats {
    return this.#passes.stats();
  }

  async #close(givenMs: number | undefined): Promise<void> {
    const timeoutMs = givenMs ?? this.#exportTimeoutMillis;
    const problems: unknown[] = [];
    // Takes its ticket before the queue closes.
    const flushed = this.forceFlush();
    this.#passes.close();
    const limit = new Deadline<unknown>({
      timeoutMs,
      timedOut: () => timeoutError(`the span processor had not shut down after ${timeoutMs} ms`),
      holdsProcess: givenMs !== undefined,
      onSettled: (late) => {
        if (late === undefined) return;
        this.#passes.giveUp();
        this.#waiters.failAll(late);
      },
    });
    await flushed.catch((error: unknown) => problems.push(error));
    const failure = await this.#exporter.shutdown();
    limit.settle(undefined);
    const late = await limit.promise;
    if (late !== undefined) throw late;
    if (failure !== undefined) problems.push(failure.error);
    if (problems.length > 0) throw joined(problems);
  }
}
