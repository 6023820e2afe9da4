import type { Context } from '@opentelemetry/api';
import { ownSpans } from '../platform/own-spans.ts';
import { afterCollection, type Watched, watchOld } from './collector-watch.ts';
import type { Outcome } from './outcome.ts';
import { settlePostponed } from './postponed-ends.ts';
import { processWide } from '../platform/process-wide.ts';

/** What `liveSpans()` tells of one span. */
export interface LiveSpanInfo {
  readonly name: string;
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  /** Milliseconds since the start. */
  readonly ageMs: number;
}

/** A live span, as the list sees it. */
export interface Listed extends Watched {
  next: Listed | undefined;
  previous: Listed | undefined;
  /** Of all live spans in the process, the newest has the highest. */
  order: number;
  readonly provider: object | undefined;
  /** The context in which the span is the active one. */
  readonly active: Context;
  info(): LiveSpanInfo;
  settle(outcome: Outcome): void;
}

/** All that have live spans now, of every instance and every copy of this library. */
export const listsInUse = /* @__PURE__ */ processWide('live-spans', () => new Set<Iterable<Listed>>());

/** How many lists are held while they are empty: more is an instance for each request, or a host that does not tell of collections. */
const MOST_EMPTY = 16;

/**
 * The live spans of one tracing instance, oldest first. Intrusive: joining and leaving allocate nothing.
 *
 * It is held while it has some, so that a shutdown finds them whatever becomes of the instance, and until the collector comes
 * next: it is most often empty for a moment only.
 */
export class LiveSpanList implements Iterable<Listed> {
  first: Listed | undefined = undefined;
  #last: Listed | undefined = undefined;
  #isHeld = false;
  #awaitsCollection = false;

  add(live: Listed): void {
    if (!this.#isHeld) {
      listsInUse.add(this);
      this.#isHeld = true;
    }
    ownSpans.live++;
    live.order = ++ownSpans.begun;
    const last = this.#last;
    live.previous = last;
    if (last === undefined) this.first = live;
    else last.next = live;
    this.#last = live;
  }

  remove(live: Listed): void {
    const { next, previous } = live;
    // It may have left already, when the stack was full before it could end.
    if (previous === undefined && this.first !== live) return;
    ownSpans.live--;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    live.next = live.previous = undefined;
    if (this.first !== undefined) return;
    if (listsInUse.size > MOST_EMPTY) this.#leave();
    else this.awaitCollection();
  }

  #leave(): void {
    this.#isHeld = false;
    listsInUse.delete(this);
  }

  /** There is something to do when the collector has come: a span waits for what could be collected, or there is none left. */
  awaitCollection(): void {
    if (this.#awaitsCollection) return;
    this.#awaitsCollection = afterCollection(this.#tidy);
    // Where nobody tells of collections, an empty list is not kept for the next.
    if (!this.#awaitsCollection && this.first === undefined) this.#leave();
  }

  readonly #tidy = (): void => {
    this.#awaitsCollection = false;
    if (this.first === undefined) this.#leave();
    else if (watchOld(this.first)) this.awaitCollection();
  };

  *[Symbol.iterator](): Generator<Listed> {
    settlePostponed();
    for (let live = this.first; live !== undefined; live = live.next) yield live;
  }
}
