import { isEndedEarly, ownSpans } from '../../platform/own-spans.ts';
import type { EndedSpan } from './sdk-shapes.ts';

/** Why spans never got to the exporter. */
export interface DropCounts {
  /** The queue was full when they ended. */
  readonly queueFull: number;
  /** They ended after the shutdown had begun. */
  readonly afterShutdown: number;
  /** The shutdown had no more time for them. */
  readonly gaveUp: number;
}

/**
 * The spans that wait for an export, in the order of their ends, numbered from the first one ever.
 *
 * It takes `maxSize` spans. Beyond that, it takes those that this library ends before their work has settled: an abort, a
 * time-out or a shutdown ends thousands in one go, and they are as much in memory while they are live. So the bound is
 * `maxSize` plus the most spans of this library that were live at once since the queue became full.
 */
export class SpanQueue {
  readonly maxSize: number;
  readonly drops: { -readonly [Reason in keyof DropCounts]: number } = {
    queueFull: 0,
    afterShutdown: 0,
    gaveUp: 0,
  };
  /** The number of the span that is first in the queue: so many have left it. */
  first = 0;
  isClosed = false;
  #spans: EndedSpan[] = [];
  /** What the queue takes at the most. */
  #bound: number;

  constructor(maxSize: number) {
    this.maxSize = this.#bound = maxSize;
  }

  get length(): number {
    return this.#spans.length;
  }

  /** The number of the span that will be added next. */
  get end(): number {
    return this.first + this.#spans.length;
  }

  get dropped(): number {
    const { queueFull, afterShutdown, gaveUp } = this.drops;
    return queueFull + afterShutdown + gaveUp;
  }

  /** @returns why the span was not taken, if it was not */
  add(span: EndedSpan): keyof DropCounts | undefined {
    const spans = this.#spans;
    const { length } = spans;
    if (this.isClosed) return this.#drop('afterShutdown');
    if (length >= this.maxSize && !(isEndedEarly() && length < this.#widened()))
      return this.#drop('queueFull');
    spans.push(span);
    return undefined;
  }

  /** Takes the oldest spans out: `count`, or as many as there are. */
  take(count: number): EndedSpan[] {
    const spans = this.#spans;
    let taken = spans;
    if (count < spans.length) taken = spans.splice(0, count);
    else this.#spans = [];
    this.first += taken.length;
    if (this.#spans.length < this.maxSize) this.#bound = this.maxSize;
    return taken;
  }

  /** The bound, with the span that is ending, which is live no more. */
  #widened(): number {
    this.#bound = Math.max(this.#bound, this.maxSize + ownSpans.live + 1);
    return this.#bound;
  }

  #drop(reason: keyof DropCounts): keyof DropCounts {
    this.drops[reason]++;
    return reason;
  }
}
