import type { Context, Span, SpanOptions as StartOptions, Tracer } from '@opentelemetry/api';
import type { Instance } from './instance.ts';
import { type Plan, signalOf, spanName, startAttributes } from './options/plan.ts';
import { callInContext, contextWithSpan } from './platform/context.ts';
import { handleRejection, report } from './platform/report.ts';
import { enterCall, hasRoomForSpan, isStackFull, leaveCall } from './platform/stack-room.ts';
import { cover, coveredSoFar, coverInside, settleReturned } from './returned/cover.ts';
import { derivePromise, isPlainPromise, throwOn } from './returned/promise.ts';
import { isRunning } from './returned/running-promise.ts';
import { ABANDONED, RETURNED } from './span/outcome.ts';
import { overdue } from './span/overdue.ts';
import { linksTo } from './span/parentage.ts';
import { endSpan, isUnrecorded } from './span/sdk-span.ts';
import { type Collectable, TrackedSpan, type Tracking } from './span/tracked-span.ts';

/** What a call needs to start its span. */
export interface Start extends Tracking {
  readonly instance: Instance;
  readonly tracer: Tracer;
  readonly parent: Context;
}

type Work<R> = (...args: never[]) => R;

/**
 * The one path of every wrapped call: start, activate, call, observe, end. `fn` is called exactly once, with `self` and
 * `args`, and what it returns or throws is what comes out: a plain promise as one promise derived from it.
 */
export function runInSpan<R>(start: Start, fn: Work<R>, self: unknown, args: ArrayLike<unknown>): R {
  if (!hasRoomForSpan()) return Reflect.apply(fn, self, args);
  const name = spanName(start.plan, args);
  const span = startSpan(start, name, args);
  if (span === undefined) return Reflect.apply(fn, self, args);
  let active: Context;
  let live: TrackedSpan | undefined;
  try {
    active = contextWithSpan(start.parent, span);
    if (!isUnrecorded(span)) {
      live = new TrackedSpan(span, active, name, start);
      live.watch(signalOf(start.plan, args));
    }
  } catch {
    // The stack is full, or the parent is a context that cannot be read.
    overdue.first = { live: live ?? unTracked(span), outcome: RETURNED, next: overdue.first };
    return Reflect.apply(fn, self, args);
  }
  if (live === undefined) return runUnrecorded({ span, active, plan: start.plan }, fn, self, args);
  return runLive(live, fn, self, args);
}

const NO_ARGUMENTS: readonly unknown[] = [];

/** Starts a span for work that the caller runs. @returns `undefined` when the tracer made none, or the stack is full */
export function startLive(start: Start): TrackedSpan | undefined {
  if (!hasRoomForSpan()) return undefined;
  const name = spanName(start.plan, NO_ARGUMENTS);
  const span = startSpan(start, name, NO_ARGUMENTS);
  if (span === undefined) return undefined;
  let live: TrackedSpan | undefined;
  try {
    live = new TrackedSpan(span, contextWithSpan(start.parent, span), name, start);
    live.records = !isUnrecorded(span);
    live.watch(signalOf(start.plan, NO_ARGUMENTS));
    return live;
  } catch {
    overdue.first = { live: live ?? unTracked(span), outcome: RETURNED, next: overdue.first };
    return undefined;
  }
}

/** A span that could not be tracked, as what is to be ended later. */
function unTracked(span: Span): { ended: boolean; settle(): void } {
  return { ended: true, settle: () => endSpan(span) };
}

const A_PROMISE: Collectable = { ifCollected: ABANDONED };

/** {@link runInSpan} from the activation on. */
export function runLive<R>(live: TrackedSpan, fn: Work<R>, self: unknown, args: ArrayLike<unknown>): R {
  const before = coveredSoFar();
  enterCall();
  let result: R;
  try {
    result = callInContext(live.active, fn, self, args);
  } catch (error) {
    leaveCall();
    try {
      if (isStackFull(error)) throw error;
      live.threw(error);
    } catch {
      overdue.first = { live, outcome: { kind: 'threw', error }, next: overdue.first };
    }
    throw error;
  }
  leaveCall();
  try {
    const { covers } = live.plan;
    if (covers === 'call' || !isObject(result)) {
      settleReturned(live, result);
      return result;
    }
    if (isPlainPromise(result, live.isAsync)) {
      const derived = derivePromise(
        result,
        (value) => {
          settleReturned(live, value);
          return value;
        },
        (error) => {
          live.threw(error);
          throw error;
        },
      );
      if (derived !== undefined) {
        live.dependOn(result, A_PROMISE);
        return derived as R;
      }
    }
    // A function is asked about what a promise resolves to, and about anything else as it is.
    const isAsked = typeof covers === 'function' && !('then' in result);
    if (isAsked || wasGiven(result, self, args) || !cover(result, live, before)) settleReturned(live, result);
  } catch {
    // The stack is full. The function has returned, so this call must, too: its span is ended later.
    overdue.first = { live, outcome: RETURNED, next: overdue.first };
  }
  return result;
}

/** A span that records nothing ends when the call returns: nobody sees when, so nothing is kept until the work settles. */
function runUnrecorded<R>(
  { span, active, plan }: { readonly span: Span; readonly active: Context; readonly plan: Plan },
  fn: Work<R>,
  self: unknown,
  args: ArrayLike<unknown>,
): R {
  const before = coveredSoFar();
  enterCall();
  let result: R;
  try {
    result = callInContext(active, fn, self, args);
  } finally {
    leaveCall();
    endSpan(span);
  }
  if (!isObject(result) || wasGiven(result, self, args)) return result;
  // Work that is still to be driven has to run under the span all the same: without a parent, its spans could be sampled.
  const { covers } = plan;
  if (covers === 'work' && !isRunning(result)) cover(result, { active }, before);
  if (typeof covers !== 'function') return result;
  const look = <T>(value: T): T => {
    coverInside(value, covers, { active });
    return value;
  };
  if (!isPlainPromise(result)) return look(result);
  return (derivePromise(result, look, throwOn) as R | undefined) ?? result;
}

/** What the call was given was there before it, so it is not its work. */
function wasGiven(result: object, self: unknown, args: ArrayLike<unknown>): boolean {
  return result === self || Array.prototype.includes.call(args, result);
}

function startSpan(
  { plan, tracer, parent }: Start,
  name: string,
  args: ArrayLike<unknown>,
): Span | undefined {
  const options: StartOptions = {
    kind: plan.kind,
    attributes: startAttributes(plan, args),
    root: plan.relation !== 'child',
    links: plan.relation === 'linked' ? linksTo(parent) : undefined,
    // Its own, so that one on Object.prototype does not count.
    startTime: undefined,
  };
  try {
    const span = tracer.startSpan(name, options, parent);
    if (typeof span?.end === 'function') return span;
    // Perhaps a promise, which may reject.
    handleRejection('tracer.startSpan()', span);
    report('tracer.startSpan() gave no span');
  } catch (error) {
    report('tracer.startSpan() threw', error);
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
