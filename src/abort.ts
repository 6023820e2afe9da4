import { attempt, report } from './report.ts';

/** Something that wants to hear, synchronously and at most once, that a signal has been aborted. */
export interface AbortObserver {
  aborted(reason: unknown): void;
}

/**
 * The one listener that this library has on a signal, however many tasks share it. A listener each would cost linear
 * time to remove and, from the eleventh on, a warning on Node 20.
 */
export class SharedListener {
  readonly #signal: AbortSignal;
  readonly #observers = new Set<AbortObserver>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(observer: AbortObserver): void {
    if (this.#observers.size === 0) this.#signal.addEventListener('abort', this);
    this.#observers.add(observer);
  }

  remove(observer: AbortObserver): void {
    if (this.#observers.delete(observer) && this.#observers.size === 0) this.#leave();
  }

  handleEvent(): void {
    const observers = [...this.#observers];
    this.#observers.clear();
    this.#leave();
    const reason: unknown = attempt('signal.reason', () => this.#signal.reason);
    for (const observer of observers) observer.aborted(reason);
  }

  #leave(): void {
    attempt('signal.removeEventListener()', () => this.#signal.removeEventListener('abort', this));
  }
}

const listeners = new WeakMap<AbortSignal, SharedListener>();

/**
 * Calls `observer.aborted` when `signal` aborts, at once if it already has.
 *
 * @returns the listener to `remove(observer)` from, or `undefined` when there is nothing to remove
 */
export function observeAbort(signal: AbortSignal, observer: AbortObserver): SharedListener | undefined {
  try {
    if (signal.aborted) {
      observer.aborted(signal.reason);
      return undefined;
    }
    let listener = listeners.get(signal);
    if (listener === undefined) listeners.set(signal, (listener = new SharedListener(signal)));
    listener.add(observer);
    return listener;
  } catch (error) {
    report('an abort signal could not be listened to', error);
    return undefined;
  }
}

/** Whether `value` can be used as an `AbortSignal`; a subclass or one of another realm can. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  return value instanceof AbortSignal || Object.prototype.toString.call(value) === '[object AbortSignal]';
}

/**
 * The signal that a call was given: an argument that is one, a `Request`'s, or an own `signal` of the first or last
 * argument (`{ signal }`, a pg-boss job). Getters are not run; an argument that refuses to be looked at has none.
 */
export function findSignal(args: ArrayLike<unknown>): AbortSignal | undefined {
  const last = args.length - 1;
  for (let i = 0; i <= last; i++) {
    const arg = args[i];
    if (typeof arg !== 'object' || arg === null) continue;
    try {
      if (arg instanceof AbortSignal) return arg;
      if (isRequest(arg)) return arg.signal;
      if (i !== 0 && i !== last) continue;
      if (!Object.hasOwn(arg, 'signal')) continue;
      const owned: unknown = Object.getOwnPropertyDescriptor(arg, 'signal')?.value;
      if (isAbortSignal(owned)) return owned;
    } catch {
      // A proxy that refuses the look.
    }
  }
  return undefined;
}

/**
 * Whether `value` inherits the tag of a `Request`. Not by the global class: touching that makes Node load its whole
 * `fetch`, which takes tens of milliseconds.
 */
function isRequest(value: object): value is Request {
  for (let holder = Object.getPrototypeOf(value); holder !== null; holder = Object.getPrototypeOf(holder)) {
    if (Object.getOwnPropertyDescriptor(holder, Symbol.toStringTag)?.value === 'Request') return true;
  }
  return false;
}
