import { Instance } from './instance.ts';
import { type SpanAttribute, spanAttributeDecorator } from './decorators/span-attribute.ts';
import { tracedWith, untracedDecorator } from './decorators/traced.ts';
import type { Traced, Untraced } from './decorators/types.ts';
import { FLUSH_RULES, readOptions, refuse, tolerate, TRACING_RULES } from './options/check.ts';
import type { TracingOptions } from './options/options.ts';
import { changed } from './options/settings.ts';
import { awaitFlush, type FlushOptions, type FlushResult } from './platform/flush.ts';
import { providerOf } from './platform/provider.ts';
import { attempt } from './platform/report.ts';
import { type WriteCarrier, writeCarrier } from './span/carrier.ts';
import type { LiveSpanInfo } from './span/live-span-list.ts';
import { type TraceTask, traceTaskWith } from './trace-task.ts';
import { type StartSpan, startSpanWith, type WithSpan, withSpanWith } from './with-span.ts';

export interface Flush {
  /**
   * Asks the provider (the registered one, unless the instance has its own) to export everything that has ended, and says
   * how that went. Never rejects. With no provider, or one that has no `forceFlush`, the answer is `flushed` at once.
   *
   * Callers share passes: at most one is under way and one waiting, and a call during a pass joins the next.
   * https://opentelemetry.io/docs/specs/otel/trace/sdk/#forceflush
   *
   * @example
   * const result = await flush({ timeoutMs: 2000 });
   * if (result.status === 'failed') console.error('spans were lost', result.error);
   */
  (options?: FlushOptions): Promise<FlushResult>;
}

export interface LiveSpans {
  /**
   * The live spans of this instance, oldest first: what is under way now, and what hangs. A `@Traced()` or `traceTask` call
   * that is not sampled has none.
   *
   * @example
   * const stuck = liveSpans().filter(({ ageMs }) => ageMs > 60_000);
   */
  (): readonly LiveSpanInfo[];
}

export interface Configure {
  /**
   * Changes settings and defaults, at any time, from the next call on. What the options do not name stays as it is; spans
   * that are live end by the settings that they have started with.
   *
   * @throws TypeError for a wrong option; nothing is changed then
   * @example
   * configure({ attributes: { team: 'checkout' }, ignoreErrors: NotFound });
   */
  (options: TracingOptions): void;
}

/** An instance: the functions of `oncespan`, with settings and live spans of their own. */
export interface Tracing {
  readonly Traced: Traced;
  readonly Untraced: Untraced;
  readonly SpanAttribute: SpanAttribute;
  readonly traceTask: TraceTask;
  readonly withSpan: WithSpan;
  readonly startSpan: StartSpan;
  readonly flush: Flush;
  readonly liveSpans: LiveSpans;
  readonly carrier: WriteCarrier;
  readonly configure: Configure;
}

/** Binds {@link Flush} to an instance. */
export function flushWith(instance: Instance): Flush {
  return (given) => {
    const { settings } = instance;
    const read = () => readOptions('flush()', given, FLUSH_RULES, tolerate);
    const { timeoutMs = settings.flushTimeoutMs, signal } = attempt('flush()', read) ?? {};
    return awaitFlush(providerOf(settings.tracerProvider), { timeoutMs, signal, holdsProcess: true });
  };
}

/** Binds {@link LiveSpans} to an instance. */
export function liveSpansWith({ liveSpans }: Instance): LiveSpans {
  return () => Array.from(liveSpans, (span) => span.info());
}

/** Binds {@link Configure} to an instance. */
export function configureWith(instance: Instance): Configure {
  return (options) => {
    const changes = readOptions('configure()', options, TRACING_RULES, refuse);
    instance.settings = changed(instance.settings, changes);
  };
}

/**
 * Makes an isolated instance: for a library that must not share the application's settings, or for a second tracer name
 * or provider.
 *
 * @throws TypeError for a wrong option
 * @example
 * const { Traced, traceTask } = createTracing({ tracerName: 'billing', attributes: { team: 'billing' } });
 */
export function createTracing(options: TracingOptions = {}): Tracing {
  const instance = new Instance();
  instance.settings = changed(
    instance.settings,
    readOptions('createTracing()', options, TRACING_RULES, refuse),
  );
  return {
    Traced: tracedWith(instance),
    Untraced: untracedDecorator,
    SpanAttribute: spanAttributeDecorator,
    traceTask: traceTaskWith(instance),
    withSpan: withSpanWith(instance),
    startSpan: startSpanWith(instance),
    flush: flushWith(instance),
    liveSpans: liveSpansWith(instance),
    carrier: writeCarrier,
    configure: configureWith(instance),
  };
}
