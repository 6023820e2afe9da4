import { dataProperty, holderOf, ownDataProperty } from './data-property.ts';
import { isObject } from './is-object.ts';
import { report } from './report.ts';
import { oneFor, SharedListener } from './shared-listener.ts';

/** Something that wants to hear, synchronously and at most once, that a signal has been aborted. */
export interface AbortObserver {
  aborted(reason: unknown): void;
}

/**
 * The part of an `AbortSignal` that is used: any platform's, or a polyfill's. Named like this, our declarations need
 * neither DOM's types nor Node's.
 */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export class AbortListener extends SharedListener<AbortObserver> {
  readonly #signal: AbortSignalLike;
  // Not an object with a `handleEvent`, which polyfills take for a function.
  readonly #onAbort = (): void => this.check();

  constructor(signal: AbortSignalLike) {
    super();
    this.#signal = signal;
  }

  /** Tells of the abort if there was one: the event may have been stopped on its way, and anybody can dispatch one. */
  check(): void {
    let reason: unknown;
    try {
      if (!this.#signal.aborted) return;
      reason = this.#signal.reason;
    } catch (error) {
      report('an abort signal threw', error);
      return;
    }
    this.tell((observer) => observer.aborted(reason));
  }

  protected override listen(): void {
    this.#signal.addEventListener('abort', this.#onAbort);
  }

  protected override unlisten(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}

const listenerOf = /* @__PURE__ */ oneFor((signal: AbortSignalLike) => new AbortListener(signal));

/**
 * Calls `observer.aborted` when `signal` aborts, at once if it already has.
 *
 * @returns the listener to `remove(observer)` from, or `undefined` when there is nothing to remove
 */
export function observeAbort(signal: AbortSignalLike, observer: AbortObserver): AbortListener | undefined {
  try {
    if (signal.aborted) {
      observer.aborted(signal.reason);
      return undefined;
    }
    const listener = listenerOf(signal);
    listener.add(observer);
    return listener;
  } catch (error) {
    report('an abort signal threw', error);
    return undefined;
  }
}

/** Whether `value`, which was given as one, can be used as an `AbortSignal`; whatever its class is called, any polyfill's can. */
export function isAbortSignal(value: unknown): value is AbortSignalLike {
  if (!isObject(value)) return false;
  try {
    const { aborted, addEventListener, removeEventListener } = value as AbortSignalLike;
    const canBeHeard = typeof addEventListener === 'function' && typeof removeEventListener === 'function';
    return typeof aborted === 'boolean' && canBeHeard;
  } catch {
    return false;
  }
}

/** Whether an object that was found somewhere says that it is an `AbortSignal`. */
function isTagged(value: unknown): value is AbortSignalLike {
  return tagOf(value) === 'AbortSignal';
}

/**
 * The signal that a call was given: an argument that is one, a `Request`'s, or an own `signal` or `abortSignal` of the first
 * or last argument (`{ signal }`), or of all elements of it, when they share one.
 * Getters are not run; an argument that refuses to be looked at has none.
 */
export function findSignal(args: ArrayLike<unknown>): AbortSignalLike | undefined {
  const last = args.length - 1;
  for (let i = 0; i <= last; i++) {
    const arg = args[i];
    if (!isObject(arg)) continue;
    const tag = tagOf(arg);
    if (tag === 'AbortSignal') return arg as AbortSignalLike;
    try {
      const signal = tag === 'Request' && (arg as Request).signal;
      if (isAbortSignal(signal)) return signal;
      if (i !== 0 && i !== last) continue;
      const owned = Array.isArray(arg) ? sharedSignal(arg) : ownSignal(arg);
      if (owned !== undefined) return owned;
    } catch {
      // A proxy that refuses the look.
    }
  }
  return undefined;
}

function ownSignal(owner: unknown): AbortSignalLike | undefined {
  if (!isObject(owner)) return undefined;
  const owned = ownDataProperty(owner, 'signal');
  if (isTagged(owned)) return owned;
  const other = ownDataProperty(owner, 'abortSignal');
  return isTagged(other) ? other : undefined;
}

/** Of all elements, or none. */
function sharedSignal(elements: readonly unknown[]): AbortSignalLike | undefined {
  const shared = ownSignal(ownDataProperty(elements, 0));
  if (shared === undefined) return undefined;
  const count = ownDataProperty(elements, 'length') as number;
  for (let i = 1; i < count; i++) if (ownSignal(ownDataProperty(elements, i)) !== shared) return undefined;
  return shared;
}

/** The edge runtime of Next.js, and Workers as of before autumn 2024, do not tag theirs. */
const UNTAGGED =
  typeof AbortSignal === 'function' &&
  dataProperty(AbortSignal.prototype, Symbol.toStringTag) !== 'AbortSignal'
    ? AbortSignal.prototype
    : undefined;

/**
 * What the platform calls the kind of an object, read without running a getter. Not by `instanceof`: touching the global
 * `Request` makes Node load its whole `fetch`, which takes tens of milliseconds.
 */
function tagOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  try {
    if (UNTAGGED?.isPrototypeOf(value)) return 'AbortSignal';
    const holder = holderOf(value, Symbol.toStringTag);
    if (holder === undefined) return undefined;
    const { value: tag, get } = Object.getOwnPropertyDescriptor(holder, Symbol.toStringTag)!;
    // Behind a getter there is most often the name of the class.
    return get === undefined
      ? tag
      : ownDataProperty(ownDataProperty(holder, 'constructor') as object, 'name');
  } catch {
    // A proxy that refuses the look.
    return undefined;
  }
}

/** Whether a task that was told to stop threw because of that: the reason, an error about it, or any `AbortError`. */
export function stemsFrom(reason: unknown, error: unknown): boolean {
  if (error === reason) return true;
  if (!isObject(error)) return false;
  const { name, cause } = error as Error;
  return name === 'AbortError' || (reason !== undefined && cause === reason);
}
