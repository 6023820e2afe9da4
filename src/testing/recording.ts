import { type Context, context, type SpanContext, type SpanOptions, TraceFlags } from '@opentelemetry/api';
import { parentSpanContext } from '../span/parentage.ts';
import { type RecordedSpan, SpanRecord } from './recorded-span.ts';

/**
 * Counted on from recorder to recorder, and from far above what people write by hand, elsewhere in each copy: what a test
 * makes up, or leaves active, is no parent in another one.
 */
let lastId = 2 ** 32 * Math.ceil(Math.random() * 2 ** 20);

/** The spans of one recorder: all are sampled and kept. */
export class Recording {
  /** In the order of their starts. */
  readonly started: RecordedSpan[] = [];
  /** In the order of their ends. */
  readonly ended: RecordedSpan[] = [];
  readonly #byId = new Map<string, RecordedSpan>();

  startSpan(name: string, options: SpanOptions = {}, within: Context = context.active()): RecordedSpan {
    const parent = options.root === true ? undefined : parentSpanContext(within);
    const id = (++lastId).toString(16);
    const spanId = id.padStart(16, '0');
    const traceId = parent?.traceId ?? id.padStart(32, '0');
    const identity = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
    const span = new SpanRecord(
      name,
      identity,
      parent && this.#byId.get(keyOf(parent)),
      options,
      (ended) => void this.ended.push(ended),
    );
    this.#byId.set(keyOf(identity), span);
    this.started.push(span);
    return span;
  }
}

function keyOf({ traceId, spanId }: SpanContext): string {
  return `${traceId}-${spanId}`;
}
