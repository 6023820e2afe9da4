import { report } from '../../platform/report.ts';
import type { Failure } from './bounded-exporter.ts';
import { timeoutError } from './timeout-error.ts';

/** An export that has not been answered. */
export interface OpenExport {
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly begun: number;
  /** Whether a flush has begun it, which keeps its request alive. */
  readonly isCovered: boolean;
  isWithExporter: boolean;
}

/** Told of failures that no flush will hear of by itself. */
interface FailureNotes {
  noteFailure(firstSpan: number, error: unknown): void;
}

/**
 * Accounts for the exports of all requests. One whose request is over is never answered, and has no timer that could give it
 * up: whoever comes after its limit finds that out by the clock.
 */
export class OpenExports {
  readonly counts = { exporting: 0, exported: 0, failed: 0, unknown: 0 };
  /** There has been one that was never answered. */
  hasLost = false;
  readonly #limitMs: number;
  readonly #notes: FailureNotes;
  /** In the order in which they have begun. */
  readonly #open = new Set<OpenExport>();

  /** @param limitMs milliseconds after which an export must have been answered, if its request goes on */
  constructor(limitMs: number, notes: FailureNotes) {
    this.#limitMs = limitMs;
    this.#notes = notes;
  }

  get areNone(): boolean {
    return this.#open.size === 0;
  }

  all(): OpenExport[] {
    return Array.from(this.#open);
  }

  isOpen(one: OpenExport): boolean {
    return this.#open.has(one);
  }

  begin({ size, isCovered }: Pick<OpenExport, 'size' | 'isCovered'>): OpenExport {
    const one: OpenExport = { size, begun: Date.now(), isCovered, isWithExporter: false };
    this.#open.add(one);
    this.counts.exporting += size;
    return one;
  }

  /** Says nothing new of one that has been given up. */
  answered(one: OpenExport, failure: Failure | undefined): void {
    if (!this.#open.delete(one)) return;
    this.counts.exporting -= one.size;
    this.counts[failure?.kind ?? 'exported'] += one.size;
    if (failure !== undefined && !one.isCovered) this.#notes.noteFailure(0, failure.error);
  }

  giveUpOverdue(): void {
    for (const one of this.#open) {
      // The others have begun later.
      if (Date.now() < one.begun + this.#limitMs) return;
      const error = timeoutError(`an export of ${one.size} spans had no answer when its request was over`);
      report('an export hung', error);
      this.hasLost = true;
      this.answered(one, { kind: 'unknown', error });
      // The flush that it was for has gone with its request: the next one is told.
      if (one.isCovered) this.#notes.noteFailure(0, error);
    }
  }

  /** @returns how many spans the exporter has, and how many it never got */
  giveUpAll(): { readonly unknown: number; readonly dropped: number } {
    let dropped = 0;
    let unknown = 0;
    for (const { isWithExporter, size } of this.#open) {
      if (isWithExporter) unknown += size;
      else dropped += size;
    }
    this.#open.clear();
    this.counts.exporting = 0;
    this.counts.unknown += unknown;
    return { unknown, dropped };
  }
}
