import { type Context, type HrTime, type Link, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { type EndedSpan, WaterfallSpanExporter, type WaterfallOptions } from '../../src/console/index.ts';

/** A time on the clock of these tests, in milliseconds. */
export function at(ms: number): HrTime {
  return [1_700_000_000 + Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
}

/** Ids that can be foreseen: the first trace is `10000000…`, the second `20000000…`. */
function countedIds() {
  let traces = 0;
  let spans = 0;
  return {
    generateTraceId: () => `${++traces}`.padEnd(32, '0'),
    generateSpanId: () => `${++spans}`.padEnd(16, '0'),
  };
}

export interface StartOptions {
  readonly parent?: Span | Context;
  readonly links?: Link[];
}

/** What the exporter draws of spans of the real SDK, one `SimpleSpanProcessor` between them. */
export function drawing(options: WaterfallOptions = {}) {
  let written = '';
  const stream = { write: (text: string) => void (written += text) };
  const exporter = new WaterfallSpanExporter({ stream, color: false, width: 60, ...options });
  const provider = new TracerProvider({
    idGenerator: countedIds(),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('test');
  const contextOf = (parent: Span | Context) =>
    'spanContext' in parent ? trace.setSpan(ROOT_CONTEXT, parent) : parent;
  return {
    exporter,
    provider,
    start: (name: string, ms: number, { parent = ROOT_CONTEXT, links = [] }: StartOptions = {}) =>
      tracer.startSpan(name, { startTime: at(ms), links }, contextOf(parent)),
    /** What has been written since the last look, without the spaces at the ends of lines. */
    seen: () => {
      const seen = written.replaceAll(/ +$/gm, '');
      written = '';
      return seen;
    },
  };
}

/** A span as a hostile or broken SDK might hand it over. */
export function endedSpan(spanId: string, given: Partial<EndedSpan> & { parentId?: string } = {}): EndedSpan {
  const { parentId, ...rest } = given;
  const contextOf = (id: string) => ({ traceId: '1'.padEnd(32, '0'), spanId: id, traceFlags: 1 });
  return {
    name: spanId,
    spanContext: () => contextOf(spanId),
    ...(parentId !== undefined && { parentSpanContext: contextOf(parentId) }),
    startTime: at(0),
    endTime: at(1),
    status: { code: 0 },
    attributes: {},
    links: [],
    events: [],
    ...rest,
  };
}

/** An export as a promise of its result. */
export function exported(exporter: WaterfallSpanExporter, spans: readonly EndedSpan[]) {
  return new Promise<{ code: number; error?: Error }>((resolve) => {
    exporter.export(spans, resolve);
  });
}
