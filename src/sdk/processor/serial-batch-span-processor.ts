import { TraceFlags } from '@opentelemetry/api';
import { FLUSH_RULES, readOptions, refuse, tolerate } from '../../options/check.ts';
import { Deadline, IntrinsicPromise } from '../../platform/deadline.ts';
import { joined, providerCall, type ShutdownTime } from '../../platform/provider-call.ts';
import { attempt, inWords, report } from '../../platform/report.ts';
import { isIoRequestBound } from '../../platform/request-bound.ts';
import { type BatchOptions, readBatchOptions } from './batch-limits.ts';
import { BoundedExporter } from './bounded-exporter.ts';
import type { Delivery, DeliveryStats } from './delivery.ts';
import { ExportPasses } from './export-passes.ts';
import { FlushWaiters, type ForceFlushOptions } from './flush-waiters.ts';
import { RequestExports } from './request-exports.ts';
import type { EndedSpan, Exporter } from './sdk-shapes.ts';
import { SelfObservation } from './self-observation.ts';
import { SpanQueue } from './span-queue.ts';
import { timeoutError } from './timeout-error.ts';

/**
 * How long a shutdown may take.
 *
 * @example
 * await processor.shutdown({ timeoutMs: 2000 });
 */
export interface ShutdownOptions {
  /**
   * Milliseconds for everything together.
   *
   * @default the processor's `shutdownTimeoutMillis`, which is 30000
   */
  readonly timeoutMs?: number | undefined;
}

/**
 * A span processor that gives what the specification asks of a batching one and SDKs do not: exports never overlap unless
 * asked to, a flush waits for the batches in flight, a failed batch is counted and told to the flush that covers it, and
 * whatever the exporter does (throw, hang, answer twice or late), the next export takes place.
 *
 * Exports run in the root context with tracing suppressed. One that has not been answered after `exportTimeoutMillis` is
 * given up; an exporter that is still at it then works on two at once, which {@link stats} counts as `overdueExports`.
 *
 * On Cloudflare Workers, where what a request has begun ends with it, each flush exports by itself, beside the others:
 * docs/hosts.md.
 * https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor
 *
 * @example
 * new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())] });
 */
export class SerialBatchSpanProcessor {
  readonly #waiters = new FlushWaiters();
  readonly #exporter: BoundedExporter;
  readonly #delivery: Delivery;
  readonly #observation: SelfObservation | undefined;
  readonly #shutdownTimeoutMillis: number;
  #shutdown: Promise<void> | undefined;

  /**
   * A wrong environment variable is reported and counts as not set.
   *
   * @param exporter of any SDK 2 or 3
   * @throws TypeError for something that does not export, or a wrong option
   */
  constructor(exporter: Exporter, options?: BatchOptions) {
    if (typeof (exporter as Exporter | undefined)?.export !== 'function') {
      refuse(
        `SerialBatchSpanProcessor: ${inWords(exporter)} has no export(); give the exporter first, then the options`,
      );
    }
    const { limits, meterProvider } = readBatchOptions(options);
    this.#shutdownTimeoutMillis = limits.shutdownTimeoutMillis;
    this.#exporter = new BoundedExporter(exporter, limits.exportTimeoutMillis);
    const queue = new SpanQueue(limits.maxQueueSize);
    this.#observation =
      meterProvider && attempt('a meter provider', () => new SelfObservation(meterProvider, queue));
    const DeliveryHere = isIoRequestBound() ? RequestExports : ExportPasses;
    this.#delivery = new DeliveryHere({
      limits,
      queue,
      exporter: this.#exporter,
      waiters: this.#waiters,
      observation: this.#observation,
    });
  }

  /** Called by the SDK. Does nothing. */
  onStart(): void {}

  /** Called by the SDK. Takes the span, if it is sampled; never throws. */
  onEnd(span: EndedSpan): void {
    try {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) this.#delivery.add(span);
    } catch (error) {
      report('a span that had ended could not be taken', error);
    }
  }

  /**
   * Exports what has ended, and resolves when the exporter has accepted all of it, batches in flight included. It waits
   * for no span that ends later, but in the same batch. Until then the process stays.
   *
   * With a signal that has aborted already, nothing starts. It rejects
   * - with the exporter's error, if a batch that it covers was not accepted (it may have arrived all the same: an answer can be
   *   lost);
   * - with an error that says how many, if spans were dropped since the last flush;
   * - with an `AggregateError`, if several things failed;
   * - with a `TimeoutError` after `timeoutMs`, and with the signal's reason on abort. Only the waiting ends then; the export
   *   goes on.
   *
   * @example
   * await processor.forceFlush({ timeoutMs: 2000 });
   */
  forceFlush(options?: ForceFlushOptions): Promise<void> {
    const { timeoutMs, signal } = readOptions('forceFlush()', options, FLUSH_RULES, tolerate);
    if (signal?.aborted) return IntrinsicPromise.reject(signal.reason);
    const call = providerCall();
    if (call?.shutdown !== undefined) this.#delivery.hurry();
    if (call?.shutdown?.isOver) this.#delivery.handOver();
    const answer = this.#delivery.flush({ timeoutMs, signal, holdsProcess: call === undefined });
    return call === undefined ? answer : call.passOn(answer);
  }

  /**
   * Flushes, then shuts the exporter down: once, whatever the flush came to. Every caller gets the same promise, so the
   * first one's limit holds for all. Spans that end from now on are dropped. Until it is over the process stays.
   *
   * When time is up, what is queued is dropped, what the exporter has not answered for is `unknown`, the exporter's
   * `shutdown()` is still called but not waited for, and the promise rejects with a `TimeoutError` that says how many spans
   * that are. Otherwise it rejects with what the flush or the exporter's `shutdown()` failed with.
   */
  shutdown(options?: ShutdownOptions): Promise<void> {
    const { timeoutMs } = readOptions('shutdown()', options, { timeoutMs: FLUSH_RULES.timeoutMs }, tolerate);
    if (this.#shutdown === undefined) {
      let resolve!: (closed: Promise<void>) => void;
      // Known before anything is done: what is done may ask for it again.
      this.#shutdown = new IntrinsicPromise<void>((settle) => (resolve = settle));
      resolve(this.#close(timeoutMs, providerCall()?.shutdown));
    }
    return this.#shutdown;
  }

  /**
   * Counts of all sampled spans that have ended so far.
   *
   * @example
   * const { dropped, failed, unknown } = processor.stats();
   */
  stats(): DeliveryStats {
    return this.#delivery.stats();
  }

  /** @param time what the caller leaves it, if it is a part of a larger shutdown */
  async #close(givenMs: number | undefined, time: ShutdownTime | undefined): Promise<void> {
    const timeoutMs = givenMs ?? (time === undefined ? this.#shutdownTimeoutMillis : Infinity);
    const problems: unknown[] = [];
    const flushed = this.#delivery.close();
    const limit = new Deadline<unknown>({
      timeoutMs,
      timedOut: () => {
        const lost = this.#delivery.giveUp();
        return timeoutError(`the span processor had no more time to shut down: ${lost}`);
      },
      holdsProcess: true,
      isHousekeeping: givenMs === undefined,
      onSettled: (late) => {
        if (late === undefined) return;
        // Whoever shuts more down may not hear the answer any more.
        if (time !== undefined) report('the span processor gave up', late);
        this.#waiters.failAll(late);
      },
    });
    const expire = () => limit.expire();
    if (time?.isOver) expire();
    else time?.observers.add(expire);
    await flushed.catch((error: unknown) => problems.push(error));
    const failure = await this.#exporter.shutdown();
    limit.settle(undefined);
    this.#observation?.end();
    const late = await limit.promise;
    if (late !== undefined) throw late;
    if (failure !== undefined) problems.push(failure.error);
    if (problems.length > 0) throw joined(problems);
  }
}
