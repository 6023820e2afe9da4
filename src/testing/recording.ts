import { type Context, context, type SpanOptions, TraceFlags } from '@opentelemetry/api';
import { parentSpanContext } from '../span/parentage.ts';
import { RecordedSpan } from './recorded-span.ts';

/** Counted on from recorder to recorder: what a test leaves active is no parent in the next one. */
let lastId = 0;

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
    const span = new RecordedSpan(
      name,
      { traceId, spanId, traceFlags: TraceFlags.SAMPLED },
      parent && this.#byId.get(parent.spanId),
      options,
      (ended) => void this.ended.push(ended),
    );
    this.#byId.set(spanId, span);
    this.started.push(span);
    return span;
  }
}
