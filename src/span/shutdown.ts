import { processWide } from '../platform/process-wide.ts';
import { attempt } from '../platform/report.ts';

/** Something with live spans. */
export interface LiveSpanHolder {
  /** Ends the live spans that `provider` made, as `shutdown`. */
  shutDown(provider: object): void;
}

/** The part of a `WeakRef` that is used. */
interface Reference {
  deref(): LiveSpanHolder | undefined;
}

/** Of every copy of this library: tracing instances come and go. One with live spans is kept by the work that it traces. */
const holders = /* @__PURE__ */ processWide('live-spans', () => new Set<Reference>());

// Some edge runtimes and older engines have neither.
const collected =
  typeof FinalizationRegistry === 'function' && typeof WeakRef === 'function'
    ? new FinalizationRegistry<Reference>((reference) => holders.delete(reference))
    : undefined;

/** Makes the live spans of one holder known to whoever shuts a provider down. */
export class Announcement {
  readonly #reference: Reference;

  constructor(holder: LiveSpanHolder) {
    if (collected === undefined) {
      this.#reference = { deref: () => holder };
      return;
    }
    this.#reference = new WeakRef(holder);
    holders.add(this.#reference);
    collected.register(holder, this.#reference);
  }

  /** The holder has its first live span. Where nothing can be held weakly, it is held from now on. */
  some(): void {
    if (collected === undefined) holders.add(this.#reference);
  }

  /** The holder has no live span any more. */
  none(): void {
    if (collected === undefined) holders.delete(this.#reference);
  }
}

/** Ends every live span that `provider` made, of all instances and all copies of this library, as `shutdown`. */
export function endLiveSpans(provider: object): void {
  for (const reference of holders) attempt('ending live spans', () => reference.deref()?.shutDown(provider));
}
