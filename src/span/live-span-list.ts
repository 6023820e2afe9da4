import { CollectorWatch } from './collector-watch.ts';
import { Announcement, type LiveSpanHolder } from './shutdown.ts';
import type { LiveSpan } from './live-span.ts';

/** The live spans of one tracing instance, oldest first. Intrusive: joining and leaving allocate nothing. */
export class LiveSpanList implements LiveSpanHolder {
  first: LiveSpan | undefined = undefined;
  last: LiveSpan | undefined = undefined;
  readonly #watch = new CollectorWatch(this);
  readonly #announcement = new Announcement(this);

  /** The first live span has joined. */
  filled(): void {
    this.#announcement.some();
  }

  /** The last live span has left. */
  emptied(): void {
    this.#announcement.none();
    this.#watch.pause();
  }

  /** A live span can be collected with its target. */
  watch(): void {
    this.#watch.begin();
  }

  /** Children before their parents. */
  shutDown(provider: object): void {
    const ofProvider = Array.from(this).filter((live) => live.provider === provider);
    for (const live of ofProvider.reverse()) live.settle({ kind: 'shutdown' });
  }

  *[Symbol.iterator](): Generator<LiveSpan> {
    for (let live = this.first; live !== undefined; live = live.next) yield live;
  }
}
