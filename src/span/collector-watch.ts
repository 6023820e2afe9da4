import { attempt } from '../platform/report.ts';

/** A live span, as the watch sees it. */
export interface Watched {
  readonly next: Watched | undefined;
  /** What the work depends on. Held here only while the span is young: from then on it can be collected. */
  target: object | undefined;
  /** Whether it has lived through a collection. */
  isOld: boolean;
  /** The target is gone, so that nothing can end the work any more. */
  collected(): void;
}

const registryOf = <Held>(act: (held: Held) => void) =>
  // Some edge runtimes have none; there nothing is ever declared abandoned.
  typeof FinalizationRegistry === 'function' ? new FinalizationRegistry<Held>(act) : undefined;

const targets = /* @__PURE__ */ registryOf<Watched>((live) => live.collected());
const collections = /* @__PURE__ */ registryOf<() => void>((act) => act());

/**
 * Calls `act` after the next collection of garbage. No timer tells as well when there is something to do for a collector, and
 * one would cost each turn of the event loop more than a span.
 *
 * @returns whether the host tells of collections
 */
export function afterCollection(act: () => void): boolean {
  const register = () => {
    // Nobody refers to the object.
    collections?.register({}, act);
    return collections !== undefined;
  };
  return attempt('FinalizationRegistry.register()', register) === true;
}

/**
 * Tells the spans from `first` on which have lived through two collections when what they wait for (a promise, iterator or
 * stream) has gone. Most spans end young, and registering each with the collector would cost more than the span.
 *
 * @returns whether there are young ones, for which the next collection counts
 */
export function watchOld(first: Watched | undefined): boolean {
  let areYoung = false;
  for (let live = first; live !== undefined; live = live.next) {
    if (live.target === undefined) continue;
    if (live.isOld) {
      targets?.register(live.target, live, live);
      live.target = undefined;
    } else areYoung = live.isOld = true;
  }
  return areYoung;
}

/** Ends the watch over a span. */
export function unwatch(live: Watched): void {
  live.target = undefined;
  if (live.isOld) targets?.unregister(live);
  live.isOld = false;
}
