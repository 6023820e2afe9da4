import {
  type Context,
  context,
  isSpanContextValid,
  type Span,
  type SpanContext,
  type SpanOptions,
  trace,
  TraceFlags,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { randomBytes } from 'node:crypto';
import { RecordedSpan } from './recorded-span.ts';

/** A tracer provider that samples everything and keeps it. No SDK is needed to test with it. */
export class RecordingProvider implements TracerProvider, Tracer {
  /** In the order of their starts. */
  readonly started: RecordedSpan[] = [];
  /** In the order of their ends. */
  readonly ended: RecordedSpan[] = [];
  readonly #byId = new Map<string, RecordedSpan>();

  getTracer(): Tracer {
    return this;
  }

  startSpan(name: string, options: SpanOptions = {}, within: Context = context.active()): Span {
    const parent = options.root === true ? undefined : parentSpanContext(within);
    const spanId = randomBytes(8).toString('hex');
    const traceId = parent?.traceId ?? randomBytes(16).toString('hex');
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

  startActiveSpan<R>(name: string, ...rest: unknown[]): R {
    const fn = rest.pop() as (span: Span) => R;
    const [options, within = context.active()] = rest as [SpanOptions?, Context?];
    const span = this.startSpan(name, options, within);
    return context.with(trace.setSpan(within, span), fn, undefined, span);
  }

  /** Nothing is buffered: a flush finds it delivered. */
  async forceFlush(): Promise<void> {}
}

function parentSpanContext(within: Context): SpanContext | undefined {
  const parent = trace.getSpanContext(within);
  return parent !== undefined && isSpanContextValid(parent) ? parent : undefined;
}
