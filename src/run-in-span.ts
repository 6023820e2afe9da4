import {
  type Context,
  context,
  createContextKey,
  type Span,
  type Link,
  type SpanOptions as ApiSpanOptions,
  type Tracer,
} from '@opentelemetry/api';
import type { Instance } from './instance.ts';
import { ask, type Plan, signalOf, spanKind, spanName, startAttributes, timeLimit } from './options/plan.ts';
import { asking } from './platform/asking.ts';
import { contextWithSpan, oneCall } from './platform/context.ts';
import { isObject } from './platform/is-object.ts';
import { attempt, handleRejection, report } from './platform/report.ts';
import { enterCall, hasRoomForSpan, isStackFull, leaveCall } from './platform/stack-room.ts';
import { cover, coveredSoFar, coverInside, settleReturned } from './returned/cover.ts';
import { derivePromise, isNativePromise, isPlainPromise, throwOn } from './returned/promise.ts';
import { isRunning } from './returned/running-promise.ts';
import { type Outcome, RETURNED } from './span/outcome.ts';
import { postponedEnds } from './span/postponed-ends.ts';
import { linksFrom } from './span/carrier.ts';
import { isLocalRoot, linksTo } from './span/parentage.ts';
import { endSpan, isUnrecorded } from './span/sdk-span.ts';
import {
  ABANDONED_IF_COLLECTED,
  type EndObserver,
  type TimeLimit,
  TrackedSpan,
  type Tracking,
} from './span/tracked-span.ts';

/** What a call needs to start its span. */
export interface Start extends Tracking {
  readonly instance: Instance;
  readonly tracer: Tracer;
  readonly parent: Context;
  /** Besides those that the plan gives. */
  readonly links: Link[] | undefined;
}

type Work<R> = (...args: never[]) => R;

/** A span that records nothing ends when the call returns: nobody sees when, so nothing is kept until the work settles. */
class UnrecordedSpan {
  readonly span: Span;
  readonly active: Context;
  readonly plan: Plan;
  readonly coveredBefore = coveredSoFar();

  constructor(span: Span, active: Context, plan: Plan) {
    this.span = span;
    this.active = active;
    this.plan = plan;
  }

  settle(): void {
    endSpan(this.span);
  }

  threw(): void {
    this.settle();
  }
}

type StartedSpan = TrackedSpan | UnrecordedSpan;

/** Starts the span of a call. @returns `undefined` when the tracer made none, or the stack is full */
export function startCallSpan(start: Start, args: ArrayLike<unknown>): StartedSpan | undefined {
  return startAndTrack(start, args, isUnrecorded);
}

const NO_ARGUMENTS: readonly unknown[] = [];

/** Starts a span for work that the caller runs; `args` are what the plan's functions are given. @returns `undefined` when the tracer made none, or the stack is full */
export function startTrackedSpan(
  { instance, plan, tracer, parent }: Pick<Start, 'instance' | 'plan' | 'tracer' | 'parent'>,
  args: ArrayLike<unknown> = NO_ARGUMENTS,
): TrackedSpan | undefined {
  // Not spread: Node 20 takes four microseconds for an object literal in which keys stand behind a spread.
  const start = { instance, plan, tracer, parent, isAsync: false, links: undefined, observer: undefined };
  const live = startAndTrack(start, args, () => false) as TrackedSpan | undefined;
  if (live !== undefined) live.records = !isUnrecorded(live.span);
  return live;
}

function startAndTrack(
  start: Start,
  args: ArrayLike<unknown>,
  isLeftAlone: (span: Span) => boolean,
): StartedSpan | undefined {
  if (!hasRoomForSpan()) return undefined;
  const { plan, parent } = start;
  const name = spanName(plan, args);
  const span = newSpan(start, name, args);
  if (span === undefined) return undefined;
  let live: TrackedSpan | undefined;
  try {
    if (isLeftAlone(span)) return new UnrecordedSpan(span, contextWithSpan(parent, span), plan);
    const limit = limitOf(plan, parent, args);
    const family = limit?.family;
    const around = family === undefined ? parent : parent.setValue(family, true);
    live = new TrackedSpan(span, contextWithSpan(around, span), name, start);
    live.coveredBefore = coveredSoFar();
    live.watch(signalOf(plan, args), limit);
    return live;
  } catch {
    // The stack is full, or the parent is a context that cannot be read.
    const due = live ?? new UnrecordedSpan(span, parent, plan);
    postponedEnds.first = { live: due, outcome: RETURNED, next: postponedEnds.first };
    return undefined;
  }
}

function limitOf(plan: Plan, parent: Context, args: ArrayLike<unknown>): TimeLimit | undefined {
  const afterMs = timeLimit(plan, args);
  if (afterMs === undefined) return undefined;
  const hasFamily = typeof plan.timeoutMs === 'function' && isLocalRoot(parent, plan.relation);
  return { afterMs, family: hasFamily ? createContextKey('oncespan family') : undefined };
}

/**
 * The one path of every traced call, once its span has started: activate, call, observe, end. `fn` is called exactly once,
 * with `self` and `args`, and what it returns or throws is what comes out: a plain promise as one promise derived from it.
 *
 * Between the caller and `fn` there is no other frame of ours: a recursion gets as deep as one that is traced by hand.
 */
export function runInSpan<R>(
  started: StartedSpan | undefined,
  fn: Work<R>,
  self: unknown,
  args: ArrayLike<unknown>,
): R {
  if (started === undefined) return Reflect.apply(fn, self, args);
  const call = oneCall(started.active, fn, self, args);
  enterCall();
  try {
    try {
      handleRejection('context.with()', context.with(started.active, call.make));
    } catch (error) {
      report('context.with() threw', error);
    }
    call.make();
    leaveCall();
    if (!call.threw) return afterReturn(started, call.answer as R, self, args);
    if (isStackFull(call.answer)) throw call.answer;
    started.threw(call.answer);
  } catch (error) {
    // The stack is full. What the function did, this call must do, too: its span is ended later.
    const isUnmade = call.threw === undefined;
    if (isUnmade) {
      call.threw = true;
      call.answer = error;
    }
    const outcome: Outcome = call.threw ? { kind: 'threw', error: call.answer } : RETURNED;
    postponedEnds.first = { live: started, outcome, next: postponedEnds.first };
    if (isUnmade) leaveCall();
  }
  if (call.threw) throw call.answer;
  return call.answer as R;
}

/** Ends the span when the work has settled that the function returned. @returns what the call is to return */
function afterReturn<R>(started: StartedSpan, result: R, self: unknown, args: ArrayLike<unknown>): R {
  if (started instanceof UnrecordedSpan) return afterUnrecorded(started, result, self, args);
  const { covers } = started.plan;
  const isCall = covers === 'call';
  if (isCall || !isObject(result)) settleReturned(started, result);
  // With `call` the caller gets the promise itself, unless it has to wait for a flush.
  if (!isObject(result) || (isCall && !started.observer?.holdsBack)) return result;
  // What an async function has just made is a plain promise: that need not be looked at.
  if (started.isAsync || isPlainPromise(result)) {
    const derived = settling(result as object as Promise<unknown>, started);
    if (derived !== undefined) {
      started.dependOn(result, ABANDONED_IF_COLLECTED);
      return derived as R;
    }
  }
  if (isCall) return result;
  // A function that is `covers` is given what a promise or thenable resolves to; anything else it is given now.
  const isAsked = typeof covers === 'function' && !attempt('looking at a result', () => 'then' in result);
  if (isAsked || wasGiven(result, self, args) || !cover(result, started, started.coveredBefore))
    settleReturned(started, result);
  return result;
}

/** What a promise settles to, after it has ended the span. */
function settling(promise: Promise<unknown>, live: TrackedSpan): Promise<unknown> | undefined {
  if (live.observer?.holdsBack) return settlingLate(promise, live, live.observer);
  return derivePromise(
    promise,
    (value) => {
      settleReturned(live, value);
      return value;
    },
    (error) => {
      live.threw(error);
      throw error;
    },
  );
}

/** The same, after a flush. */
function settlingLate(
  promise: Promise<unknown>,
  live: TrackedSpan,
  observer: EndObserver,
): Promise<unknown> | undefined {
  const held = async (end: () => void, answer: () => unknown) => {
    await observer.settling(end);
    return answer();
  };
  return derivePromise(
    promise,
    (value) =>
      held(
        () => settleReturned(live, value),
        () => value,
      ),
    (error) =>
      held(
        () => live.threw(error),
        () => throwOn(error),
      ),
  );
}

function afterUnrecorded<R>(
  unrecorded: UnrecordedSpan,
  result: R,
  self: unknown,
  args: ArrayLike<unknown>,
): R {
  unrecorded.settle();
  const {
    active,
    plan: { covers },
    coveredBefore,
  } = unrecorded;
  if (!isObject(result) || (covers === 'work' && isNativePromise(result))) return result;
  if (wasGiven(result, self, args)) return result;
  // Work that is still to be driven has to run under the span all the same: without a parent, its spans could be sampled.
  if (covers === 'work' && attempt('looking at a result', () => isRunning(result)) === false)
    cover(result, { active }, coveredBefore);
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
  if (result === self) return true;
  for (let i = 0; i < args.length; i++) if (args[i] === result) return true;
  return false;
}

function newSpan(
  { plan, tracer, parent, links }: Start,
  name: string,
  args: ArrayLike<unknown>,
): Span | undefined {
  const options: ApiSpanOptions = {
    kind: spanKind(plan, args),
    attributes: startAttributes(plan, args),
    root: plan.relation !== 'child',
    links:
      plan.links === undefined && plan.relation !== 'linked' ? links : linksOf(plan, parent, args, links),
    // Its own, so that one on Object.prototype does not count.
    startTime: undefined,
  };
  asking.depth++;
  try {
    const span = tracer.startSpan(name, options, parent);
    if (typeof span?.end === 'function') return span;
    // Perhaps a promise, which may reject.
    handleRejection('tracer.startSpan()', span);
    report('tracer.startSpan() gave no span');
  } catch (error) {
    report('tracer.startSpan() threw', error);
  } finally {
    asking.depth--;
  }
  return undefined;
}

function linksOf(plan: Plan, parent: Context, args: ArrayLike<unknown>, links: Link[] = []): Link[] {
  const { links: given, relation } = plan;
  const answer = given && ask('links', given, args);
  const all = [...links, ...(relation === 'linked' ? linksTo(parent) : [])];
  return attempt('reading links', () => linksFrom(answer, all)) ?? all;
}
