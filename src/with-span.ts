import type { Context, Span } from '@opentelemetry/api';
import type { Instance } from './instance.ts';
import { readOptions, type Rules, SPAN_RULES, tolerate } from './options/check.ts';
import type { SpanOptions } from './options/options.ts';
import { type Plan, planOf } from './options/plan.ts';
import { activeContext, callInContext } from './platform/context.ts';
import type { AsyncDisposal, Disposal } from './platform/disposal.ts';
import { awaitFlush } from './platform/flush.ts';
import { isObject } from './platform/is-object.ts';
import { attempt } from './platform/report.ts';
import { cover, coveredSoFar, type CoveringSpan } from './returned/cover.ts';
import { hearPromise, isPlainPromise } from './returned/promise.ts';
import { replaceMethod } from './returned/replace-method.ts';
import { runInSpan, startTrackedSpan } from './run-in-span.ts';
import { type Outcome, RETURNED } from './span/outcome.ts';
import { noSpan } from './span/parentage.ts';
import { ABANDONED_IF_COLLECTED, type TrackedSpan } from './span/tracked-span.ts';

export interface WithSpan {
  /**
   * Calls `fn` at once, in a new span that is active meanwhile, and returns what it returns. The span ends when that has
   * settled.
   *
   * What `fn` throws comes out as it is. A wrong option is reported through `diag` and ignored. With nothing to trace with,
   * `fn` gets a span that records nothing.
   *
   * @param nameOrOptions the span's name, or options. Default name: `span`
   * @param fn gets the span, to set attributes on
   * @example
   * const total = await withSpan('price', (span) => {
   *   span.setAttribute('order.lines', order.lines.length);
   *   return price(order.lines);
   * });
   */
  <R>(nameOrOptions: string | SpanOptions<[], R>, fn: (span: Span) => R): R;
}

/** {@link SpanOptions} without those on a call and its result: there is neither. For `startSpan`. */
export type LiveSpanOptions = Omit<SpanOptions<[]>, 'covers' | 'resultAttributes'>;

const { covers: _covers, resultAttributes: _resultAttributes, ...MANUAL_RULES } = SPAN_RULES;

export interface StartSpan {
  /**
   * Starts a span that you end yourself, for work that is not one call. It becomes active for nobody but what you `run` in it.
   * A wrong option is reported through `diag` and ignored.
   *
   * @param nameOrOptions the span's name, or options. Default name: `span`
   * @returns the span and the ways to end it. Keep it: dropped, the span ends as `abandoned`
   * @example
   * await using live = startSpan('import'); // ends, and waits for a flush, at the end of the block
   * for (const row of rows) await live.run(() => save(row));
   */
  (nameOrOptions: string | LiveSpanOptions): LiveSpan;
}

/** Binds {@link WithSpan} to an instance. */
export function withSpanWith(instance: Instance): WithSpan {
  return (nameOrOptions, fn) => {
    const plan = planAtCallTime('withSpan()', instance, nameOrOptions as string | SpanOptions, SPAN_RULES);
    const live = startNow(instance, plan);
    return runInSpan(live, fn, undefined, [live?.span ?? noSpan()]);
  };
}

/** Binds {@link StartSpan} to an instance. */
export function startSpanWith(instance: Instance): StartSpan {
  return (nameOrOptions) => {
    const plan = planAtCallTime('startSpan()', instance, nameOrOptions, MANUAL_RULES);
    const live = startNow(instance, plan);
    if (live !== undefined) attempt('replacing the end of a span', () => hearEnd(live));
    // All of the functions below keep it, `end` and `fail` by sharing their scope: it is collected when nobody can end the span.
    const last: LastRun = {
      outcome: RETURNED,
      span: live?.span as Span,
      active: live?.active as Context,
      plan,
      ended: false,
      hasAskedCovers: false,
      dependOn() {},
      settle: (outcome: Outcome) => void (last.outcome = outcome),
      returned: () => last.settle(RETURNED),
      threw: (error: unknown) => last.settle({ kind: 'threw', error }),
    };
    live?.dependOn(last, ABANDONED_IF_COLLECTED);
    const run = <R>(fn: () => R): R => {
      if (live === undefined) return fn();
      const before = coveredSoFar();
      let result: R;
      try {
        result = callInContext(live.active, fn, undefined, []);
      } catch (error) {
        last.threw(error);
        throw error;
      }
      const derived = isPlainPromise(result) && hearPromise(result, last.returned, last.threw);
      if (derived) return derived as R;
      if (!isObject(result) || !cover(result, last, before)) last.returned();
      return result;
    };
    const endAsLastRun = () => {
      const { outcome } = last;
      if (outcome.kind === 'threw') live?.threw(outcome.error);
      else if (outcome === RETURNED) live?.returned(undefined);
      else live?.settle(outcome);
    };
    return {
      span: live?.span ?? noSpan(),
      run,
      fail: (error) => live?.threw(error),
      end: () => live?.returned(undefined),
      [Symbol.dispose]: endAsLastRun,
      async [Symbol.asyncDispose]() {
        endAsLastRun();
        await awaitFlush(live?.provider, { timeoutMs: plan.settings.flushTimeoutMs, holdsProcess: true });
      },
    };
  };
}

/** How the last run to settle did. What it returned tells it of its end as it would tell a span. */
interface LastRun extends CoveringSpan {
  outcome: Outcome;
  returned(): void;
}

/**
 * The application can end the span without us. A function of its own: what shares the scope of the handle would be kept by the
 * span, and a handle that is dropped never be collected.
 */
function hearEnd(live: TrackedSpan): void {
  const putBack = replaceMethod(live.span, 'end', (original, self, args) => {
    // First of all: a tracer can hand out one span again and again, whose `end` would be replaced ever more deeply.
    putBack?.();
    live.endedByApplication();
    return Reflect.apply(original, self, args as never[]);
  });
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
  return tracer && startTrackedSpan({ instance, plan, tracer, parent: activeContext() });
}

/**
 * A live span in your hands. The first of `end`, `fail`, an abort, a time-out and the span's own `end()` ends it; dropped
 * before that, it ends as `abandoned` when it is collected.
 *
 * `using` ends it: as failed if the last `run` to settle failed, also where its error was caught around `run`, else as a
 * success. `await using` then waits until it is flushed, for `flushTimeoutMs` at the longest.
 */
export interface LiveSpan extends Disposal, AsyncDisposal {
  /** The span itself, for attributes and events. Its own `end()` ends it, too. */
  readonly span: Span;
  /**
   * Calls `fn` with the span active, returns what it returns, and ends nothing. An error that leaves it is what `using` ends
   * the span with, unless a later `run` succeeds. One that is caught inside `fn` is not the span's.
   *
   * Await it if `fn` is async: what has not settled at the end of the block of `using` is not seen.
   *
   * @example
   * await live.run(() => save(row));
   */
  run<R>(fn: () => R): R;
  /** Ends the span as failed with `error`. */
  fail(error: unknown): void;
  /** Ends the span as a success, whatever `run` did. */
  end(): void;
}
