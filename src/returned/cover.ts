import type { Context } from '@opentelemetry/api';
import { hiddenField } from '../platform/hidden-field.ts';
import { isObject } from '../platform/is-object.ts';
import { report } from '../platform/report.ts';
import { isIoRequestBound } from '../platform/request-bound.ts';
import { ABANDONED, FORGOTTEN, LEFT, type Outcome, RETURNED } from '../span/outcome.ts';
import type { TrackedSpan } from '../span/tracked-span.ts';
import type { CoveredWork, Observe } from './covered-work.ts';
import { isIterator, observeIterator } from './iterator.ts';
import { isCursor, isQuery, isThenable, observeLazy } from './lazy.ts';
import { isNodeStream, observeNodeStream } from './node-stream.ts';
import { isObservable, observeObservable } from './observable.ts';
import { isRunning, observeRunningPromise } from './running-promise.ts';
import { isWebStream, observeWebStream } from './web-stream.ts';

/** How many objects have been covered. */
let count = 0;

/** For {@link cover}: tells what was covered before a call from what came about inside it. */
export function coveredSoFar(): number {
  return count;
}

/** What is asked of a span by those who tell of its end. */
export type CoveringSpan = Pick<
  TrackedSpan,
  'span' | 'active' | 'plan' | 'ended' | 'hasAskedCovers' | 'dependOn' | 'settle' | 'threw' | 'returned'
>;

/** The spans that cover one object: of the call that made it, and of the traced calls around that one. */
class Coverage implements CoveredWork {
  readonly active: Context;
  readonly number = ++count;
  /** Takes the instruments out of an object of a kind that may outlive the call it came from. */
  withdraw: (() => void) | undefined;
  /** An object of its own: spans keep it, and must not keep what they cover. */
  readonly #collectable: { ifCollected: Outcome } = { ifCollected: FORGOTTEN };
  /** Whoever can still tell of the work keeps the object that it is known by. */
  readonly target: object;
  readonly #coveredAt = Date.now();
  readonly #spans: CoveringSpan[] = [];
  #end: ((live: CoveringSpan) => void) | undefined;

  constructor(active: Context, target: object) {
    this.active = active;
    this.target = target;
  }

  add(live: CoveringSpan): void {
    if (this.#end !== undefined) return this.#end(live);
    this.#spans.push(live);
    live.dependOn(this.target, this.#collectable);
  }

  hasEnded(): boolean {
    return this.#end !== undefined;
  }

  foundLazy(): void {
    if (this.#collectable.ifCollected === FORGOTTEN) this.#collectable.ifCollected = RETURNED;
  }

  foundRunning(): void {
    this.#collectable.ifCollected = ABANDONED;
  }

  returned(result: unknown): void {
    this.#tell((live) => settleReturned(live, result));
  }

  threw(error: unknown): void {
    this.#tell((live) => live.threw(error));
  }

  left(): void {
    this.#tell((live) => live.settle(LEFT));
  }

  foundValue(): void {
    this.withdraw?.();
    this.#tell((live) => live.settle(RETURNED, this.#coveredAt));
  }

  leadsTo(result: object, isIteration: boolean): void {
    try {
      if (coverages.get(result) !== undefined) return;
      coverages.set(result, this);
      const observe = isIteration ? observeIterator : observerOf(result, true);
      observe?.(result, this);
    } catch {
      // A proxy that refuses the look.
    }
  }

  #tell(end: (live: CoveringSpan) => void): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    for (const live of this.#spans.splice(0)) end(live);
  }
}

const coverages = /* @__PURE__ */ hiddenField<Coverage>();

/**
 * Has what a call returned end the call's span, when its work does.
 *
 * An object is instrumented once: one that a second call returns was not made by that call, unless a traced call inside
 * it has just done so. A stream or an observable that comes back like that lives on its own, so the first call had not
 * made it either.
 *
 * @param owner the span; of one that records nothing only the context, which the work then runs in
 * @param before {@link coveredSoFar} when the call began, or {@link ASKED_FOR}
 * @returns `false` for a value: there is nothing to wait for
 */
export function cover(
  value: object,
  owner: CoveringSpan | Pick<CoveringSpan, 'active'>,
  before: number,
): boolean {
  try {
    const observe = observerOf(value, before === ASKED_FOR);
    if (observe === undefined) return false;
    let coverage = coverages.get(value);
    if (coverage === undefined) {
      coverage = new Coverage(owner.active, value);
      const instruments = observe(value, coverage);
      if (!instruments) return false;
      if (instruments !== true) coverage.withdraw = instruments;
      coverages.set(value, coverage);
    } else if (coverage.number <= before) {
      if (coverage.withdraw !== undefined) coverage.foundValue();
      return false;
    }
    if ('span' in owner) coverage.add(owner);
    return true;
  } catch {
    // A proxy that refuses the look, or the instruments.
    return false;
  }
}

/** The work has returned: that ends its span, unless the application has said what inside the result does. */
export function settleReturned(live: CoveringSpan, value: unknown): void {
  const { covers } = live.plan;
  if (typeof covers === 'function' && !live.hasAskedCovers && !live.ended) {
    live.hasAskedCovers = true;
    if (coverInside(value, covers, live)) return;
  }
  live.returned(value);
}

/** Covers what the application says is the work inside a result. */
export function coverInside(
  value: unknown,
  covers: (value: never) => unknown,
  owner: CoveringSpan | Pick<CoveringSpan, 'active'>,
): boolean {
  try {
    const inside = covers(value as never);
    if (!isObject(inside) || !cover(inside, owner, ASKED_FOR)) return false;
    // Made for this look, perhaps, or handled already: listening to it must not add an unhandled rejection.
    if (isRunning(inside)) (inside as Promise<unknown>).then(undefined, () => {});
    return true;
  } catch (error) {
    report('option "covers" threw', error);
    return false;
  }
}

/** In place of {@link coveredSoFar}: the application has said that this object is the work, so one that was covered before counts, too. */
const ASKED_FOR = -1;

function observerOf(value: object, isAskedFor: boolean): Observe | undefined {
  if (Array.isArray(value)) return undefined;
  // Most are values: whatever they have none of is asked about once.
  const hasThen = 'then' in value;
  const hasNext = 'next' in value;
  if (hasThen && isRunning(value)) return observeRunningPromise;
  if ((hasThen && isThenable(value)) || (hasNext && isCursor(value)) || isQuery(value)) return observeLazy;
  if ('subscribe' in value && isObservable(value)) return observeObservable;
  // On Workers the runtime reads what a `Response` is given without its methods: the span would never end.
  if ('getReader' in value && isWebStream(value)) return isIoRequestBound() ? undefined : observeWebStream;
  if ('emit' in value && isNodeStream(value)) return observeNodeStream;
  if (hasNext && isIterator(value)) return observeIterator;
  // What can be iterated is no work by itself.
  return isAskedFor && Symbol.asyncIterator in value ? observeLazy : undefined;
}
