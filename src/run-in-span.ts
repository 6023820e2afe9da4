import type { Context, SpanOptions as StartOptions, Tracer } from '@opentelemetry/api';
import { callInContext, contextWithSpan } from './active-context.ts';
import { LiveSpan } from './live-span.ts';
import { linksTo } from './parentage.ts';
import { attempt, report } from './report.ts';
import { derivePromise, isPlainPromise } from './returned/promise.ts';
import type { SpanPlan } from './settings.ts';

/** A live span and the context in which it is the active one. */
export interface Started {
  readonly live: LiveSpan;
  readonly active: Context;
}

/**
 * Starts the span of one call, and the watch over its signal and its time.
 *
 * @param onEnded called once, after the span has ended
 * @returns `undefined` when the tracer made no span; whatever went wrong has been reported
 */
export function start(
  tracer: Tracer,
  plan: SpanPlan,
  parent: Context,
  args: ArrayLike<unknown>,
  onEnded?: () => void,
): Started | undefined {
  const name = plan.name(args);
  const options: StartOptions = { kind: plan.kind, attributes: plan.attributes(args) };
  if (plan.relation !== 'child') {
    options.root = true;
    if (plan.relation === 'linked') options.links = linksTo(parent);
  }
  const span = attempt('tracer.startSpan()', () => tracer.startSpan(name, options, parent));
  if (typeof span?.end !== 'function') {
    report('tracer.startSpan() returned no span');
    return undefined;
  }
  const live = new LiveSpan(span, name, plan, plan.settings.live);
  live.onEnded = onEnded;
  live.watch(plan.signal(args));
  return { live, active: contextWithSpan(parent, span) };
}

/**
 * The one path of every wrapped call: start, activate, call, observe, end. `fn` is called exactly once, with `self` and
 * `args`, and what it returns or throws is what comes out: a plain promise as one promise derived from it.
 */
export function runInSpan<R>(
  tracer: Tracer,
  plan: SpanPlan,
  parent: Context,
  fn: (...args: never[]) => R,
  self: unknown,
  args: ArrayLike<unknown>,
  onEnded?: () => void,
): R {
  const started = start(tracer, plan, parent, args, onEnded);
  if (started === undefined) return Reflect.apply(fn, self, args);
  return runStarted(started, plan, fn, self, args);
}

/** As {@link runInSpan}, from the activation on. */
export function runStarted<R>(
  { live, active }: Started,
  plan: SpanPlan,
  fn: (...args: never[]) => R,
  self: unknown,
  args: ArrayLike<unknown>,
): R {
  let result: R;
  try {
    result = callInContext(active, fn, self, args);
  } catch (error) {
    live.threw(error);
    throw error;
  }
  if (plan.covers === 'work' && isPlainPromise(result)) {
    const derived = derivePromise(
      result,
      (value) => {
        endReturned(live, plan, value);
        return value;
      },
      (error) => {
        live.threw(error);
        throw error;
      },
    );
    if (derived !== undefined) return derived as R;
  }
  endReturned(live, plan, result);
  return result;
}

function endReturned(live: LiveSpan, plan: SpanPlan, value: unknown): void {
  if (live.ended) return;
  const attributes = plan.resultAttributes(value);
  if (attributes !== undefined) attempt('span.setAttributes()', () => void live.span.setAttributes(attributes));
  live.returned();
}
