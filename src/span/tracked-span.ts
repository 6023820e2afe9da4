import type { Context, Span, TimeInput } from '@opentelemetry/api';
import { attributesOfResult, type Plan } from '../options/plan.ts';
import {
  type AbortListener,
  type AbortObserver,
  type AbortSignalLike,
  observeAbort,
  stemsFrom,
} from '../platform/abort-signal.ts';
import { askQuietly } from '../platform/asking.ts';
import { attempt } from '../platform/report.ts';
import { endEarly } from '../platform/own-spans.ts';
import { startTimer } from '../platform/timer.ts';
import { unwatch } from './collector-watch.ts';
import type { Listed, LiveSpanInfo, LiveSpanList } from './live-span-list.ts';
import { ABANDONED, type Outcome, RETURNED, writeOutcome } from './outcome.ts';
import { postponedEnds, settlePostponed } from './postponed-ends.ts';
import { endDescendants } from './end-many.ts';
import { endSpan, isUnrecorded, readStartTime } from './sdk-span.ts';

/** Whose span it is, and how it ends. */
export interface Tracking {
  readonly plan: Plan;
  readonly instance: {
    readonly liveSpans: LiveSpanList;
    /** The one that makes the span. */
    readonly provider: object | undefined;
  };
  /** Whether an async function does the work. */
  readonly isAsync: boolean;
  readonly observer: EndObserver | undefined;
}

/** Told of the end of one span. */
export interface EndObserver {
  /** The span has been ended here. */
  ended(): void;
  /** Whether the caller of the work hears of its end only after {@link settling}. */
  readonly holdsBack: boolean;
  /** Calls `end`, which ends the span since the work has settled. @returns what the caller of the work has to wait for */
  settling(end: () => void): Promise<unknown> | undefined;
}

/** Says what it means for a span that what its work depends on has been collected. */
export interface Collectable {
  readonly ifCollected: Outcome;
}

export const ABANDONED_IF_COLLECTED: Collectable = { ifCollected: ABANDONED };

/** When the span ends if its work has not settled. */
export interface TimeLimit {
  readonly afterMs: number;
  /** A key that the contexts of all that the call begins have, if those spans end with this one. */
  readonly family: symbol | undefined;
}

/** An abort that has happened while the work still has time to settle on its own account. */
interface Grace {
  readonly reason: unknown;
  readonly abortedAt: number | undefined;
  clearTimer?: () => void;
}

/**
 * A span from its start to its end: the one place that ends spans. Whatever comes first (the work settles, its signal
 * aborts, its time runs out) flips the flag and then acts; what comes later is silent.
 *
 * It refers to the promise of the work only while it is young, and never to the arguments, so that they can be collected
 * while it lives.
 */
export class TrackedSpan implements AbortObserver, Listed {
  readonly span: Span;
  /** The context in which the span is the active one. */
  readonly active: Context;
  readonly name: string;
  readonly plan: Plan;
  readonly isAsync: boolean;
  readonly provider: object | undefined;
  readonly observer: EndObserver | undefined;
  ended = false;
  next: Listed | undefined = undefined;
  previous: Listed | undefined = undefined;
  order = 0;
  target: object | undefined = undefined;
  isOld = false;
  /** So that `covers` is asked once. */
  hasAskedCovers = false;
  /** How many objects had been covered when the call began. */
  coveredBefore = 0;
  /** Whether the span was recording when it started. */
  records = true;
  #collectable: Collectable | undefined = undefined;
  readonly #list: LiveSpanList;
  /** Kept only for a span that cannot be asked for its start. */
  readonly #startTime: number | undefined;
  #abortListener: AbortListener | undefined = undefined;
  #grace: Grace | undefined = undefined;
  #clearTimer: (() => void) | undefined = undefined;

  constructor(span: Span, active: Context, name: string, { plan, instance, isAsync, observer }: Tracking) {
    this.span = span;
    this.active = active;
    this.name = name;
    this.plan = plan;
    this.isAsync = isAsync;
    this.provider = instance.provider;
    this.#list = instance.liveSpans;
    this.observer = observer;
    this.#startTime = readStartTime(span) === undefined ? Date.now() : undefined;
    instance.liveSpans.add(this);
  }

  /** From now on the span ends no later than when `target`, which the work depends on, is collected. */
  dependOn(target: object, collectable: Collectable): void {
    if (this.ended) return;
    if (this.isOld) unwatch(this);
    this.target = target;
    this.#collectable = collectable;
    this.#list.awaitCollection();
  }

  collected(): void {
    this.settle(this.#collectable!.ifCollected);
  }

  /** Starts what may end the span before the work does. With a signal that has aborted already, it ends here. */
  watch(signal: AbortSignalLike | undefined, limit: TimeLimit | undefined): void {
    if (signal !== undefined) this.#abortListener = observeAbort(signal, this);
    if (limit === undefined || this.ended) return;
    const { afterMs, family } = limit;
    const expire = () => {
      const outcome: Outcome = { kind: 'timed-out', afterMs };
      if (family !== undefined) endDescendants(this, family, outcome);
      this.settle(outcome);
    };
    this.#clearTimer = startTimer(afterMs, expire, { holdsProcess: false });
  }

  info(): LiveSpanInfo {
    const identity = attempt('span.spanContext()', () => this.span.spanContext());
    const startTime = this.#startTime ?? readStartTime(this.span) ?? NaN;
    return {
      name: this.name,
      traceId: identity?.traceId ?? '',
      spanId: identity?.spanId ?? '',
      startTime,
      ageMs: Date.now() - startTime,
    };
  }

  returned(value: unknown): void {
    this.#abortListener?.check();
    if (this.ended) return;
    const { plan, span } = this;
    const attributes =
      plan.resultAttributes && !isUnrecorded(span) ? attributesOfResult(plan, value) : undefined;
    if (attributes !== undefined) attempt('span.setAttributes()', () => span.setAttributes(attributes));
    this.settle(RETURNED);
  }

  /**
   * During the grace period, an error that stems from the abort makes the outcome `aborted`; any other is itself.
   *
   * @param name what it is called, where its class gives it no name
   */
  threw(error: unknown, name?: string): void {
    this.#abortListener?.check();
    const grace = this.#grace;
    const stems = grace && attempt('reading a thrown error', () => stemsFrom(grace.reason, error));
    if (stems) this.#endAsAborted(grace);
    else this.settle({ kind: 'threw', error, name });
  }

  aborted(reason: unknown): void {
    this.#abortListener = undefined;
    if (this.ended) return;
    const { abortGraceMs } = this.plan;
    if (abortGraceMs === 0) {
      this.settle({ kind: 'aborted', reason });
      return;
    }
    const grace: Grace = { reason, abortedAt: attempt('Date.now()', () => Date.now()) };
    this.#grace = grace;
    // Last: a clock that is replaced may call at once.
    grace.clearTimer = startTimer(abortGraceMs, () => this.#endAsAborted(grace), { holdsProcess: false });
  }

  #endAsAborted({ reason, abortedAt }: Grace): void {
    this.settle({ kind: 'aborted', reason }, abortedAt);
  }

  /** Ends the span with `outcome`, unless it has ended. */
  settle(outcome: Outcome, endTime?: TimeInput): void {
    if (this.ended) return;
    if (postponedEnds.first !== undefined) {
      settlePostponed();
      // It may have been among them.
      if (this.ended) return;
    }
    this.#stopWatching();
    const { span } = this;
    // A span that has stopped recording was ended by the application: it is left alone, an SDK would complain.
    const hasEnded = this.records && isUnrecorded(span);
    if (!hasEnded) {
      // Nothing may come between leaving the list and the end.
      if (outcome !== RETURNED && this.records)
        askQuietly('writing an outcome', () => writeOutcome(span, outcome, this.plan));
      if (outcome.kind === 'returned' || outcome.kind === 'threw') endSpan(span, endTime);
      else endEarly(() => endSpan(span, endTime));
    }
    const { observer } = this;
    if (observer !== undefined) attempt('requesting a flush', () => observer.ended());
  }

  /** The application has ended the span itself. */
  endedByApplication(): void {
    if (!this.ended) this.#stopWatching();
  }

  #stopWatching(): void {
    this.ended = true;
    this.#list.remove(this);
    unwatch(this);
    this.#abortListener?.remove(this);
    this.#grace?.clearTimer?.();
    this.#clearTimer?.();
  }
}
