import { type EndedSpan, isLocalRoot, nameOf } from './ended-span.ts';

/** Spans of one trace that are drawn together. */
export interface Picture {
  readonly traceId: string;
  readonly spans: readonly EndedSpan[];
  /** `late`: its parents were drawn before. `incomplete`: its local root has not come. */
  readonly kind: 'whole' | 'late' | 'incomplete';
}

/** More spans than that do not wait for their local root. */
const MOST_WAITING = 5_000;
/** What is remembered of pictures: enough to recognise late spans and to name linked traces. */
const MOST_DRAWN = 20_000;
const MOST_NAMES = 1_000;

/**
 * Keeps spans until there is a picture to draw. Children end first and the local root last, so the local root completes
 * a picture. A trace that comes back into the process has more than one, and each completes one.
 */
export class TraceBuffer {
  /** By trace id, the trace that has waited longest first. */
  readonly #waiting = new Map<string, EndedSpan[]>();
  #waitingSpans = 0;
  /** Ids of spans, and names of local roots by trace id, the oldest first. */
  readonly #drawn = new Set<string>();
  readonly #names = new Map<string, string>();

  /** @returns the pictures that these spans complete, and those for which there is no more room */
  add(spans: readonly EndedSpan[]): Picture[] {
    const completed = new Map<string, Picture['kind']>();
    for (const span of spans) {
      const { traceId } = span.spanContext();
      const waiting = this.#waiting.get(traceId);
      if (waiting === undefined) this.#waiting.set(traceId, [span]);
      else waiting.push(span);
      this.#waitingSpans++;
      if (isLocalRoot(span)) completed.set(traceId, 'whole');
      else if (this.#isLate(span) && !completed.has(traceId)) completed.set(traceId, 'late');
    }
    const pictures = Array.from(completed, ([traceId, kind]) => this.#take(traceId, kind));
    return [...pictures, ...this.#takeOldest(MOST_WAITING)];
  }

  /** @returns pictures of all that waits */
  takeAll(): Picture[] {
    return this.#takeOldest(0);
  }

  /** The name of a trace's local root, if it was drawn. */
  nameOfTrace(traceId: string): string | undefined {
    return this.#names.get(traceId);
  }

  #isLate({ parentSpanContext }: EndedSpan): boolean {
    return parentSpanContext !== undefined && this.#drawn.has(parentSpanContext.spanId);
  }

  /** Takes the traces that have waited longest, until no more than `most` spans wait. */
  #takeOldest(most: number): Picture[] {
    const pictures: Picture[] = [];
    for (const traceId of this.#waiting.keys()) {
      if (this.#waitingSpans <= most) break;
      pictures.push(this.#take(traceId, 'incomplete'));
    }
    return pictures;
  }

  #take(traceId: string, kind: Picture['kind']): Picture {
    const spans = this.#waiting.get(traceId) ?? [];
    this.#waiting.delete(traceId);
    this.#waitingSpans -= spans.length;
    for (const span of spans) {
      this.#drawn.add(span.spanContext().spanId);
      if (isLocalRoot(span)) this.#names.set(traceId, nameOf(span));
    }
    forgetOldest(this.#drawn, MOST_DRAWN);
    forgetOldest(this.#names, MOST_NAMES);
    return { traceId, spans, kind };
  }
}

function forgetOldest(kept: Set<string> | Map<string, string>, most: number): void {
  for (const key of kept.keys()) {
    if (kept.size <= most) return;
    kept.delete(key);
  }
}
