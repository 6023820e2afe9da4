import type { Context, Span, SpanOptions as StartOptions, Tracer } from '@opentelemetry/api';
import { callInContext, contextWithSpan } from './platform/context.ts';
import { endUnrecorded, type Fate, isUnrecorded, LiveSpan } from './span/live-span.ts';
import { ABANDONED } from './span/outcome.ts';
import { linksTo } from './span/parentage.ts';
import { attempt, report } from './platform/report.ts';
import { cover, newest } from './returned/cover.ts';
import { derivePromise, isNativePromise, isPlainPromise } from './returned/promise.ts';
import type { SpanPlan } from './options/plan.ts';

/**
 * The one path of every wrapped call: start, activate, call, observe, end. `fn` is called exactly once, with `self` and
 * `args`, and what it returns or throws is what comes out: a plain promise as one promise derived from it.
 *
 * @param onEnded called once, after the span has ended
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
  const name = plan.name(args);
  const span = startSpan(tracer, plan, name, parent, args);
  if (span === undefined) return Reflect.apply(fn, self, args);
  const active = contextWithSpan(parent, span);
  if (isUnrecorded(span)) {
    const before = newest;
    let result: R;
    try {
      result = callInContext(active, fn, self, args);
    } finally {
      endUnrecorded(span);
    }
    // Work that is still to be driven has to run under the span all the same, or its own spans would be sampled.
    if (plan.covers === 'work' && isObject(result) && !isNativePromise(result))
      cover(result, undefined, active, before, self, args);
    return result;
  }
  const live = new LiveSpan(span, active, name, plan, onEnded);
  live.watch(plan.signal(args));
  return runLive(live, plan, fn, self, args);
}

const NO_ARGUMENTS: readonly unknown[] = [];

/** Starts a span for work that the caller runs. @returns `undefined` when the tracer made none; that has been reported */
export function startLive(tracer: Tracer, plan: SpanPlan, parent: Context): LiveSpan | undefined {
  const name = plan.name(NO_ARGUMENTS);
  const span = startSpan(tracer, plan, name, parent, NO_ARGUMENTS);
  if (span === undefined) return undefined;
  const live = new LiveSpan(span, contextWithSpan(parent, span), name, plan, undefined);
  live.records = !isUnrecorded(span);
  live.watch(plan.signal(NO_ARGUMENTS));
  return live;
}

/** Calls that threw and whose spans have not ended: for a moment, or until there is room on the stack for more calls. */
const thrown: { readonly live: LiveSpan; readonly error: unknown }[] = [];

/** Of the stack, for what ends a span: this library, an SDK, a processor. */
const FRAMES = 1000;

function hasRoom(frames: number): boolean {
  return frames === 0 || hasRoom(frames - 1);
}

function endThrown(): void {
  while (thrown.length > 0) {
    const { live, error } = thrown[thrown.length - 1]!;
    live.threw(error);
    thrown.pop();
  }
}

const PROMISE: Fate = { ifCollected: ABANDONED };

/** {@link runInSpan} from the activation on. */
export function runLive<R>(
  live: LiveSpan,
  plan: SpanPlan,
  fn: (...args: never[]) => R,
  self: unknown,
  args: ArrayLike<unknown>,
): R {
  const before = newest;
  let result: R;
  try {
    result = callInContext(live.active, fn, self, args);
  } catch (error) {
    thrown[thrown.length] = { live, error };
    try {
      if (hasRoom(FRAMES)) endThrown();
    } catch {
      // The stack is full: who called this call, or the next one, ends the span.
    }
    throw error;
  }
  if (plan.covers === 'call' || !isObject(result)) {
    live.returned(result);
    return result;
  }
  if (isPlainPromise(result)) {
    const derived = derivePromise(
      result,
      (value) => {
        live.returned(value);
        return value;
      },
      (error) => {
        live.threw(error);
        throw error;
      },
    );
    if (derived !== undefined) {
      live.hangOn(result, PROMISE);
      return derived as R;
    }
  }
  if (!cover(result, live, live.active, before, self, args)) live.returned(result);
  return result;
}

function startSpan(
  tracer: Tracer,
  plan: SpanPlan,
  name: string,
  parent: Context,
  args: ArrayLike<unknown>,
): Span | undefined {
  const options: StartOptions = { kind: plan.kind, attributes: plan.attributes(args) };
  if (plan.relation !== 'child') {
    options.root = true;
    if (plan.relation === 'linked') options.links = linksTo(parent);
  }
  let span: Span | undefined;
  try {
    span = tracer.startSpan(name, options, parent);
    if (typeof span?.end === 'function') return span;
    attempt('tracer.startSpan()', () => span);
    report('tracer.startSpan() returned no span; the call is not traced');
  } catch (error) {
    report('tracer.startSpan() threw; the call is not traced', error);
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
