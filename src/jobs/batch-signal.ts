import { type AbortSignalLike, findSignal } from '../platform/abort-signal.ts';

/**
 * The signals of several jobs as one, which is aborted with the last of them: a batch goes on without a job that it has lost.
 *
 * @returns `undefined` if a job has none
 */
export function signalOfAll(jobs: readonly unknown[]): AbortSignalLike | undefined {
  const signals = jobs.map((job) => findSignal([job]));
  if (signals.length === 0 || !signals.every((signal) => signal !== undefined)) return undefined;
  return new SignalOfAll(new Set(signals));
}

class SignalOfAll implements AbortSignalLike {
  readonly [Symbol.toStringTag] = 'AbortSignal';
  readonly #signals: ReadonlySet<AbortSignalLike>;
  /** For each of those who listen here, one for each signal. */
  readonly #listeners = new Map<() => void, Map<AbortSignalLike, () => void>>();
  #last: AbortSignalLike | undefined;

  constructor(signals: ReadonlySet<AbortSignalLike>) {
    this.#signals = signals;
  }

  get aborted(): boolean {
    return Array.from(this.#signals).every(({ aborted }) => aborted);
  }

  /** That of the one which was heard last, else of any. */
  get reason(): unknown {
    const [any] = this.#signals;
    return (this.#last ?? any)?.reason;
  }

  addEventListener(type: 'abort', listener: () => void): void {
    const own = new Map<AbortSignalLike, () => void>();
    this.#listeners.set(listener, own);
    for (const signal of this.#signals) {
      const hear = () => {
        this.#last = signal;
        if (this.aborted) listener();
      };
      own.set(signal, hear);
      signal.addEventListener(type, hear);
    }
  }

  removeEventListener(type: 'abort', listener: () => void): void {
    for (const [signal, hear] of this.#listeners.get(listener) ?? []) signal.removeEventListener(type, hear);
    this.#listeners.delete(listener);
  }
}
