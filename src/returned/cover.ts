import type { Context } from '@opentelemetry/api';
import type { Fate, LiveSpan } from '../span/live-span.ts';
import { FORGOTTEN, LEFT, RETURNED } from '../span/outcome.ts';
import { isIterator, observeIterator } from './iterator.ts';
import { isNodeStream, observeNodeStream } from './node-stream.ts';
import { isObservable, observeObservable } from './observable.ts';
import { observeThenable } from './thenable.ts';
import { isWebStream, observeWebStream } from './web-stream.ts';
import type { Observe, Work } from './work.ts';

/** The spans that cover one object: of the call that made it, and of the traced calls around that one. */
class Coverage implements Work {
  readonly active: Context;
  readonly fate: Fate = { ifCollected: FORGOTTEN };
  readonly number = ++newest;
  /** Takes the instruments out of an object of a kind that may outlive the call it came from. */
  withdraw: (() => void) | undefined;
  readonly #coveredAt = Date.now();
  readonly #spans: LiveSpan[] = [];
  #end: ((live: LiveSpan) => void) | undefined;

  constructor(active: Context) {
    this.active = active;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  add(live: LiveSpan, target: object): void {
    if (this.#end !== undefined) return this.#end(live);
    this.#spans.push(live);
    live.hangOn(target, this.fate);
  }

  readonly returned = (result: unknown): void => this.#tell((live) => live.returned(result));
  readonly threw = (error: unknown): void => this.#tell((live) => live.threw(error));
  readonly left = (): void => this.#tell((live) => live.settle(LEFT));

  retract(): void {
    this.withdraw?.();
    this.#tell((live) => live.settle(RETURNED, this.#coveredAt));
  }

  #tell(end: (live: LiveSpan) => void): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    for (const live of this.#spans.splice(0)) end(live);
  }
}

/** How many coverages there have been: a call that knows the number from before tells those that came about inside it. */
export let newest = 0;
const coverages = new WeakMap<object, Coverage>();

/**
 * Has what a call returned end the call's span, when its work does.
 *
 * An object is instrumented once: one that a second call returns was not made by that call, unless a traced call inside
 * it has just done so. A stream or an observable that comes back like that lives on its own, so the first call had not
 * made it either.
 *
 * @param live `undefined` for a span that records nothing: the work then only runs in the context `active`
 * @param before {@link newest} when the call began
 * @returns `false` for a value: there is nothing to wait for
 */
export function cover(
  value: object,
  live: LiveSpan | undefined,
  active: Context,
  before: number,
  self: unknown,
  args: ArrayLike<unknown>,
): boolean {
  try {
    const observe = observerOf(value);
    // What the call was given was out before it.
    if (observe === undefined || value === self || Array.prototype.includes.call(args, value)) return false;
    let coverage = coverages.get(value);
    if (coverage === undefined) {
      coverage = new Coverage(active);
      const instruments = observe(value, coverage);
      if (!instruments) return false;
      if (instruments !== true) coverage.withdraw = instruments;
      coverages.set(value, coverage);
    } else if (coverage.number <= before) {
      if (coverage.withdraw !== undefined) coverage.retract();
      return false;
    }
    if (live !== undefined) coverage.add(live, value);
    return true;
  } catch {
    // A proxy that refuses the look, or the instruments.
    return false;
  }
}

/** What is asked first of every object that is returned; the usual ones have none of these. */
interface Suspect {
  readonly then?: unknown;
  readonly subscribe?: unknown;
  readonly getReader?: unknown;
  readonly emit?: unknown;
  readonly next?: unknown;
}

function observerOf(value: Suspect): Observe | undefined {
  if (typeof value.then === 'function') return observeThenable;
  if (typeof value.subscribe === 'function' && isObservable(value)) return observeObservable;
  if (typeof value.getReader === 'function' && isWebStream(value)) return observeWebStream;
  if (typeof value.emit === 'function' && isNodeStream(value)) return observeNodeStream;
  if (typeof value.next === 'function' && isIterator(value)) return observeIterator;
  return undefined;
}
