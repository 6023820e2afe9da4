import type { Span } from '@opentelemetry/api';
import { activeContext, callInContext } from './platform/context.ts';
import type { AsyncDisposal, Disposal } from './platform/disposal.ts';
import { awaitFlush } from './platform/flush.ts';
import type { LiveSpan } from './span/live-span.ts';
import { RETURNED } from './span/outcome.ts';
import { type Rules, SPAN_RULES } from './options/rules.ts';
import type { SpanOptions } from './options/options.ts';
import { readOptions, tolerate } from './options/check.ts';
import { noSpan } from './span/parentage.ts';
import { attempt } from './platform/report.ts';
import { runLive, startLive } from './run-in-span.ts';
import type { Settings } from './options/settings.ts';
import { SpanPlan } from './options/plan.ts';

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

/** There is no call to cover, and no result. */
export type ManualSpanOptions = Omit<SpanOptions<[]>, 'covers' | 'resultAttributes'>;

const { covers: _covers, resultAttributes: _resultAttributes, ...MANUAL_RULES } = SPAN_RULES;

export interface StartSpan {
  /**
   * Starts a span that you end yourself, for work that is not one call. A wrong option is reported and ignored.
   *
   * @example
   * using live = startSpan('import');
   * for (const row of rows) live.run(() => save(row));
   */
  (nameOrOptions: string | ManualSpanOptions): ManualSpan;
}

/** Binds {@link WithSpan} to the settings of an instance. */
export function withSpanWith(settings: Settings): WithSpan {
  return (nameOrOptions, fn) => {
    const plan = planAtCallTime('withSpan()', settings, nameOrOptions as string | SpanOptions, SPAN_RULES);
    const live = startNow(plan);
    return live === undefined ? fn(noSpan()) : runLive(live, plan, fn, undefined, [live.span]);
  };
}

/** Binds {@link StartSpan} to the settings of an instance. */
export function startSpanWith(settings: Settings): StartSpan {
  return (nameOrOptions) => {
    const plan = planAtCallTime('startSpan()', settings, nameOrOptions, MANUAL_RULES);
    return new SpanInYourHands(startNow(plan), plan);
  };
}

function planAtCallTime<Options extends object>(
  where: string,
  settings: Settings,
  nameOrOptions: string | Options,
  rules: Rules<Options>,
): SpanPlan {
  const plan = attempt(
    `the options of ${where}`,
    () => new SpanPlan(settings, 'span', readOptions(where, nameOrOptions, rules, tolerate)),
  );
  return plan ?? new SpanPlan(settings, 'span', {});
}

function startNow(plan: SpanPlan): LiveSpan | undefined {
  const tracer = plan.tracer();
  return tracer && startLive(tracer, plan, activeContext());
}

/**
 * A live span in your hands, exported as `LiveSpan`. The first of `end`, `fail`, an abort and a time-out ends it.
 *
 * `using` ends it; `await using` ends it and waits until it is flushed, for `flushTimeoutMs` at the longest.
 */
export interface ManualSpan extends Disposal, AsyncDisposal {
  readonly span: Span;
  /** Calls `fn` with the span active, and ends nothing: an error that you handle is not the span's. */
  run<R>(fn: () => R): R;
  /** Ends the span as failed with `error`. */
  fail(error: unknown): void;
  /** Ends the span. */
  end(): void;
}

class SpanInYourHands implements ManualSpan {
  readonly span: Span;
  readonly #live: LiveSpan | undefined;
  readonly #provider: object | undefined;
  readonly #flushTimeoutMs: number;

  constructor(live: LiveSpan | undefined, { provider, flushTimeoutMs }: SpanPlan) {
    this.span = live?.span ?? noSpan();
    this.#live = live;
    this.#provider = provider;
    this.#flushTimeoutMs = flushTimeoutMs;
  }

  run<R>(fn: () => R): R {
    return this.#live === undefined ? fn() : callInContext(this.#live.active, fn, undefined, []);
  }

  fail(error: unknown): void {
    this.#live?.threw(error);
  }

  end(): void {
    this.#live?.settle(RETURNED);
  }

  [Symbol.dispose](): void {
    this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await awaitFlush(this.#provider, { timeoutMs: this.#flushTimeoutMs, holdsProcess: true });
  }
}
