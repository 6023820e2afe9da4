import type { Span } from '@opentelemetry/api';
import type { Instance } from './instance.ts';
import { readOptions, type Rules, SPAN_RULES, tolerate } from './options/check.ts';
import type { SpanOptions } from './options/options.ts';
import { type Plan, planOf } from './options/plan.ts';
import { activeContext, callInContext } from './platform/context.ts';
import type { AsyncDisposal, Disposal } from './platform/disposal.ts';
import { awaitFlush } from './platform/flush.ts';
import { attempt } from './platform/report.ts';
import { runLive, startLive } from './run-in-span.ts';
import { RETURNED } from './span/outcome.ts';
import { noSpan } from './span/parentage.ts';
import type { TrackedSpan } from './span/tracked-span.ts';

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
export type LiveSpanOptions = Omit<SpanOptions<[]>, 'covers' | 'resultAttributes'>;

const { covers: _covers, resultAttributes: _resultAttributes, ...MANUAL_RULES } = SPAN_RULES;

export interface StartSpan {
  /**
   * Starts a span that you end yourself, for work that is not one call. A wrong option is reported and ignored.
   *
   * @example
   * using live = startSpan('import');
   * for (const row of rows) live.run(() => save(row));
   */
  (nameOrOptions: string | LiveSpanOptions): LiveSpan;
}

/** Binds {@link WithSpan} to an instance. */
export function withSpanWith(instance: Instance): WithSpan {
  return (nameOrOptions, fn) => {
    const plan = planAtCallTime('withSpan()', instance, nameOrOptions as string | SpanOptions, SPAN_RULES);
    const live = startNow(instance, plan);
    return live === undefined ? fn(noSpan()) : runLive(live, fn, undefined, [live.span]);
  };
}

/** Binds {@link StartSpan} to an instance. */
export function startSpanWith(instance: Instance): StartSpan {
  return (nameOrOptions) => {
    const plan = planAtCallTime('startSpan()', instance, nameOrOptions, MANUAL_RULES);
    const live = startNow(instance, plan);
    const end = () => live?.settle(RETURNED);
    return {
      span: live?.span ?? noSpan(),
      run: (fn) => (live === undefined ? fn() : callInContext(live.active, fn, undefined, [])),
      fail: (error) => live?.threw(error),
      end,
      [Symbol.dispose]: end,
      async [Symbol.asyncDispose]() {
        end();
        await awaitFlush(live?.provider, { timeoutMs: plan.flushTimeoutMs, holdsProcess: true });
      },
    };
  };
}

function planAtCallTime<Options extends object>(
  where: string,
  { settings }: Instance,
  nameOrOptions: string | Options,
  rules: Rules<Options>,
): Plan {
  const plan = attempt(`the options of ${where}`, () =>
    planOf(settings, 'span', readOptions(where, nameOrOptions, rules, tolerate)),
  );
  return plan ?? planOf(settings, 'span', {});
}

function startNow(instance: Instance, plan: Plan): TrackedSpan | undefined {
  const tracer = instance.tracerFor(plan);
  return tracer && startLive({ instance, plan, tracer, parent: activeContext() });
}

/**
 * A live span in your hands. The first of `end`, `fail`, an abort and a time-out ends it.
 *
 * `using` ends it; `await using` ends it and waits until it is flushed, for `flushTimeoutMs` at the longest.
 */
export interface LiveSpan extends Disposal, AsyncDisposal {
  readonly span: Span;
  /** Calls `fn` with the span active, and ends nothing: an error that you handle is not the span's. */
  run<R>(fn: () => R): R;
  /** Ends the span as failed with `error`. */
  fail(error: unknown): void;
  /** Ends the span. */
  end(): void;
}
