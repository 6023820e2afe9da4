import { awaitFlush, type FlushOptions, type FlushResult } from './platform/flush.ts';
import type { LiveSpanInfo } from './span/live-span.ts';
import { FLUSH_RULES, TRACING_RULES } from './options/rules.ts';
import type { TracingOptions } from './options/options.ts';
import { readOptions, refuse, tolerate } from './options/check.ts';
import { registeredProvider } from './platform/provider.ts';
import { attempt } from './platform/report.ts';
import { Settings } from './options/settings.ts';
import { type SpanAttribute, spanAttributeDecorator } from './decorators/span-attribute.ts';
import { type TraceTask, traceTaskWith } from './trace-task.ts';
import type { Traced, Untraced } from './decorators/types.ts';
import { tracedWith, untracedDecorator } from './decorators/traced.ts';
import { type StartSpan, startSpanWith, type WithSpan, withSpanWith } from './with-span.ts';

export interface Flush {
  /**
   * Asks the registered provider to export everything that has ended, and says how that went. Never rejects. With no
   * provider, or one that has no `forceFlush`, the answer is `flushed` at once.
   *
   * Callers share passes: at most one is under way and one waiting, and a call during a pass joins the next.
   *
   * @example
   * const { status } = await flush({ timeoutMs: 2000 });
   */
  (options?: FlushOptions): Promise<FlushResult>;
}

export interface LiveSpans {
  /** The live spans of this instance, oldest first. A `@Traced()` or `traceTask` call that is not sampled has none. */
  (): readonly LiveSpanInfo[];
}

export interface Configure {
  /**
   * Changes settings and defaults, at any time, from the next call on.
   *
   * @throws TypeError for a wrong option; nothing is changed then
   */
  (options: TracingOptions): void;
}

/** A set of tracing functions with settings and live spans of their own. */
export interface Tracing {
  readonly Traced: Traced;
  readonly Untraced: Untraced;
  readonly SpanAttribute: SpanAttribute;
  readonly traceTask: TraceTask;
  readonly withSpan: WithSpan;
  readonly startSpan: StartSpan;
  readonly flush: Flush;
  readonly liveSpans: LiveSpans;
  readonly configure: Configure;
}

/** Binds {@link Flush} to the settings of an instance. */
export function flushWith(settings: Settings): Flush {
  return (given) => {
    const read = () => readOptions('flush()', given, FLUSH_RULES, tolerate);
    const { timeoutMs = settings.flushTimeoutMs, signal } = attempt('the options of flush()', read) ?? {};
    return awaitFlush(registeredProvider(), { timeoutMs, signal, holdsProcess: true });
  };
}

/** Binds {@link LiveSpans} to the settings of an instance. */
export function liveSpansWith(settings: Settings): LiveSpans {
  return () => Array.from(settings.live, (live) => live.info());
}

/** Binds {@link Configure} to the settings of an instance. */
export function configureWith(settings: Settings): Configure {
  return (changes) => settings.apply(readOptions('configure()', changes, TRACING_RULES, refuse));
}

/**
 * Makes an isolated instance: for a library that must not share the application's settings, or for a second tracer name.
 *
 * @throws TypeError for a wrong option
 * @example
 * const { Traced, traceTask } = createTracing({ tracerName: 'billing', attributes: { team: 'billing' } });
 */
export function createTracing(options: TracingOptions = {}): Tracing {
  const settings = new Settings();
  settings.apply(readOptions('createTracing()', options, TRACING_RULES, refuse));
  return {
    Traced: tracedWith(settings),
    Untraced: untracedDecorator,
    SpanAttribute: spanAttributeDecorator,
    traceTask: traceTaskWith(settings),
    withSpan: withSpanWith(settings),
    startSpan: startSpanWith(settings),
    flush: flushWith(settings),
    liveSpans: liveSpansWith(settings),
    configure: configureWith(settings),
  };
}
