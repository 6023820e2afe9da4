import type { Span, TimeInput } from '@opentelemetry/api';
import { type AbortObserver, observeAbort, type SharedListener } from './abort.ts';
import { type Outcome, type OutcomeRules, RETURNED, writeOutcome } from './outcome.ts';
import { attempt } from './report.ts';
import { startTimer } from './timer.ts';

/** What decides how one span ends. */
export interface EndingRules extends OutcomeRules {
  readonly abortGraceMs: number;
  readonly timeoutMs: number | undefined;
}

/** One row of `liveSpans()`. */
export interface LiveSpanInfo {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  /** Milliseconds since the start, by a clock that is never set back. */
  readonly ageMs: number;
}

/** The live spans of one tracing instance, oldest first. Intrusive: joining and leaving allocate nothing. */
export class LiveSpanList {
  first: LiveSpan | undefined;
  last: LiveSpan | undefined;

  *[Symbol.iterator](): Generator<LiveSpan> {
    for (let live = this.first; live !== undefined; live = live.next) yield live;
  }
}

/**
 * A span that has started and not ended: the one place that ends spans. Whatever comes first (the work settles, its
 * signal aborts, its time runs out) flips the flag and then acts; what comes later is silent.
 *
 * It never refers to the promise or the arguments of the work, so that they can be collected while it lives.
 */
export class LiveSpan implements AbortObserver {
  readonly span: Span;
  /** Called once, right after the span has ended. */
  onEnded: (() => void) | undefined;
  next: LiveSpan | undefined;
  #previous: LiveSpan | undefined;
  readonly #list: LiveSpanList;
  readonly #name: string;
  readonly #rules: EndingRules;
  readonly #startedAt: number;
  readonly #wasRecording: boolean;
  #ended = false;
  #abort: { readonly reason: unknown; readonly at: number } | undefined;
  #signal: SharedListener | undefined;
  #clearTimer: (() => void) | undefined;
  #clearGraceTimer: (() => void) | undefined;

  constructor(span: Span, name: string, rules: EndingRules, list: LiveSpanList) {
    this.span = span;
    this.onEnded = undefined;
    this.#name = name;
    this.#rules = rules;
    this.#startedAt = performance.now();
    this.#wasRecording = isRecording(span) === true;
    this.#list = list;
    this.next = undefined;
    this.#previous = list.last;
    if (list.last === undefined) list.first = this;
    else list.last.next = this;
    list.last = this;
  }

  /** Starts what may end the span before the work does. With a signal that has aborted already, it ends here. */
  watch(signal: AbortSignal | undefined): void {
    if (signal !== undefined) this.#signal = observeAbort(signal, this);
    const afterMs = this.#rules.timeoutMs;
    if (afterMs === undefined || this.#ended) return;
    const expire = () => this.settle({ kind: 'timed-out', afterMs });
    this.#clearTimer = startTimer(afterMs, expire, { holdsProcess: false });
  }

  get ended(): boolean {
    return this.#ended;
  }

  info(): LiveSpanInfo {
    const identity = attempt('span.spanContext()', () => this.span.spanContext());
    return {
      name: this.#name,
      traceId: identity?.traceId ?? '',
      spanId: identity?.spanId ?? '',
      startTime: performance.timeOrigin + this.#startedAt,
      ageMs: performance.now() - this.#startedAt,
    };
  }

  returned(): void {
    this.settle(RETURNED);
  }

  /** During the grace period, an error that stems from the abort makes the outcome `aborted`; any other is itself. */
  threw(error: unknown): void {
    if (this.#ended) return;
    if (this.#abort !== undefined && stemsFrom(this.#abort.reason, error)) this.#endAsAborted();
    else this.settle({ kind: 'threw', error });
  }

  aborted(reason: unknown): void {
    this.#signal = undefined;
    if (this.#ended) return;
    this.#abort = { reason, at: performance.now() };
    const graceMs = this.#rules.abortGraceMs;
    if (graceMs === 0) this.#endAsAborted();
    else this.#clearGraceTimer = startTimer(graceMs, () => this.#endAsAborted(), { holdsProcess: false });
  }

  #endAsAborted(): void {
    const { reason, at } = this.#abort!;
    this.settle({ kind: 'aborted', reason }, at);
  }

  /** Ends the span with `outcome`, unless it has ended. */
  settle(outcome: Outcome, endTime?: TimeInput): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    const endedByApplication = this.#wasRecording && isRecording(this.span) === false;
    if (!endedByApplication) {
      if (this.#wasRecording) writeOutcome(this.span, outcome, this.#rules);
      attempt('span.end()', () => this.span.end(endTime));
    }
    if (this.onEnded !== undefined) attempt('requesting a flush', this.onEnded);
  }

  #release(): void {
    const { next } = this;
    const previous = this.#previous;
    if (previous === undefined) this.#list.first = next;
    else previous.next = next;
    if (next === undefined) this.#list.last = previous;
    else next.#previous = previous;
    this.next = this.#previous = undefined;
    this.#signal?.remove(this);
    this.#clearTimer?.();
    this.#clearGraceTimer?.();
  }
}

function isRecording(span: Span): unknown {
  return attempt('span.isRecording()', () => span.isRecording());
}

/** Whether a task that was told to stop threw because of that: the reason, an error about it, or any `AbortError`. */
function stemsFrom(reason: unknown, error: unknown): boolean {
  if (error === reason) return true;
  if (typeof error !== 'object' || error === null) return false;
  const stems = () =>
    (error as Error).name === 'AbortError' || (reason !== undefined && (error as Error).cause === reason);
  return attempt('reading a thrown error', stems) === true;
}
