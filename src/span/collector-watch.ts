import { startTimer } from '../platform/timer.ts';

/** A span that is live for this long, or for twice as long at the most, is old. */
const GENERATION_MS = 1000;

/** A live span, as the watch sees it. */
export interface Watched {
  readonly next: Watched | undefined;
  /** What the work depends on. Held here only while the span is young: from then on it can be collected. */
  target: object | undefined;
  isOld: boolean;
  /** The target is gone, so that nothing can end the work any more. */
  collected(): void;
}

// Some edge runtimes have none; there nothing is ever declared abandoned.
const registry =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<Watched>((live) => live.collected())
    : undefined;

/**
 * The watch over the live spans of one list: tells the old ones when the promise, iterator or stream that they wait for
 * has been collected. Most spans end young, and registering each with the collector would cost more than the span.
 */
export class CollectorWatch {
  readonly #spans: { readonly first: Watched | undefined };
  #clearTimer: (() => void) | undefined;

  constructor(spans: { readonly first: Watched | undefined }) {
    this.#spans = spans;
  }

  /** A span has got a target. */
  begin(): void {
    this.#clearTimer ??= startTimer(GENERATION_MS, () => this.#pass(), {
      holdsProcess: false,
      isHousekeeping: true,
    });
  }

  stop(): void {
    this.#clearTimer?.();
    this.#clearTimer = undefined;
  }

  #pass(): void {
    this.#clearTimer = undefined;
    let areYoung = false;
    for (let live = this.#spans.first; live !== undefined; live = live.next) {
      if (live.target === undefined) continue;
      if (live.isOld) {
        registry?.register(live.target, live, live);
        live.target = undefined;
      } else areYoung = live.isOld = true;
    }
    // Old spans need no clock.
    if (areYoung) this.begin();
  }
}

/** Ends the watch over a span. */
export function unwatch(live: Watched): void {
  live.target = undefined;
  if (live.isOld) registry?.unregister(live);
  live.isOld = false;
}
