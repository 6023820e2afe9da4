import type { Span } from '@opentelemetry/api';
import { activeContext, callInContext } from './active-context.ts';
import { awaitFlush } from './flush.ts';
import { readOptions, SPAN_RULES, type SpanOptions, tolerate } from './options.ts';
import { noSpan } from './parentage.ts';
import { attempt } from './report.ts';
import { runStarted, start, type Started } from './run-in-span.ts';
import { type Settings, SpanPlan } from './settings.ts';

export interface WithSpan {
  /**
   * Calls `fn` in a new span and returns what it returns. The span ends when that has settled.
   *
   * A wrong option is reported through `diag` and ignored. With nothing to trace with, `fn` gets a span that records nothing.
   *
   * @example
   * const total = await withSpan('price', (span) => { span.setAttribute('lines', lines.length); return price(lines); });
   */
  <R>(nameOrOptions: string | SpanOptions<[], R>, fn: (span: Span) => R): R;
}

export interface StartSpan {
  /**
   * Starts a span that you end yourself, for work that is not one call. A wrong option is reported and ignored.
   *
   * @example
   * using import = startSpan('import');
   * for (const row of rows) import.run(() => save(row));
   */
  (nameOrOptions: string | SpanOptions<[], unknown>): ManualSpan;
}

const NO_ARGUMENTS: readonly unknown[] = [];

/** Binds {@link WithSpan} to the settings of an instance. */
export function withSpanWith(settings: Settings): WithSpan {
  return (nameOrOptions, fn) => {
    const plan = planAtCallTime('withSpan()', settings, nameOrOptions as string | SpanOptions);
    const started = startNow(plan);
    if (started === undefined) return fn(noSpan());
    return runStarted(started, plan, fn, undefined, [started.live.span]);
  };
}

/** Binds {@link StartSpan} to the settings of an instance. */
export function startSpanWith(settings: Settings): StartSpan {
  return (nameOrOptions) => {
    const plan = planAtCallTime('startSpan()', settings, nameOrOptions as string | SpanOptions);
    return new ManualSpan(startNow(plan), settings.flushTimeoutMs);
  };
}

function planAtCallTime(where: string, settings: Settings, nameOrOptions: string | SpanOptions): SpanPlan {
  const options = attempt(`the options of ${where}`, () => readOptions(where, nameOrOptions, SPAN_RULES, tolerate));
  return new SpanPlan(settings, 'span', options ?? {});
}

function startNow(plan: SpanPlan): Started | undefined {
  const tracer = plan.tracer();
  return tracer && start(tracer, plan, activeContext(), NO_ARGUMENTS);
}

/** A live span in your hands, exported as `LiveSpan`. The first of `end`, `fail`, an abort and a time-out ends it. */
export class ManualSpan implements Disposable, AsyncDisposable {
  readonly span: Span;
  readonly #started: Started | undefined;
  readonly #flushTimeoutMs: number;

  constructor(started: Started | undefined, flushTimeoutMs: number) {
    this.span = started?.live.span ?? noSpan();
    this.#started = started;
    this.#flushTimeoutMs = flushTimeoutMs;
  }

  /** Calls `fn` with the span active, and ends nothing: an error that you handle is not the span's. */
  run<R>(fn: () => R): R {
    return this.#started === undefined ? fn() : callInContext(this.#started.active, fn, undefined, NO_ARGUMENTS);
  }

  /** Ends the span as failed with `error`. */
  fail(error: unknown): void {
    this.#started?.live.threw(error);
  }

  /** Ends the span. */
  end(): void {
    this.#started?.live.returned();
  }

  /** `using`: ends the span. */
  [Symbol.dispose](): void {
    this.end();
  }

  /** `await using`: ends the span and waits until it is flushed, for `flushTimeoutMs` at the longest. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await awaitFlush({ timeoutMs: this.#flushTimeoutMs, holdsProcess: true });
  }
}
