import { type Attributes, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan, Sampler, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import { ParentBasedSampler, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

/** What reached `diag` at the levels warn and error during the test, from this library and from the SDK. */
export const reported: unknown[][] = [];

/** What the property tests of this run start from; it stands in their names, and `SEED=…` runs them again with it. */
export const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

/** A span in the order of its end, with what differs from a plain success; its parent and links by name. */
export interface SpanRow {
  name: string;
  kind?: string;
  parent?: string;
  status?: string;
  attributes?: Attributes;
  exceptions?: string[];
  links?: string[];
}

/** Keeps what it is given and says so at once; the SDK's own in-memory exporter answers by a timer. */
export class MemoryExporter implements SpanExporter {
  readonly spans: ReadableSpan[] = [];

  export(spans: ReadableSpan[], resultCallback: Parameters<SpanExporter['export']>[1]): void {
    this.spans.push(...spans);
    resultCallback({ code: 0 });
  }

  async shutdown(): Promise<void> {}
}

export interface Recording {
  readonly provider: TracerProvider;
  /** Every span that was exported, as it is. */
  spans(): ReadableSpan[];
  /** The complete list of exported spans, for `toEqual`. */
  rows(): SpanRow[];
}

export interface RecordOptions {
  readonly sampler?: Sampler;
  readonly processors?: SpanProcessor[];
}

/** Registers a real provider that keeps what it exports. The set-up removes it after the test. */
export function record({ sampler, processors = [] }: RecordOptions = {}): Recording {
  const exporter = new MemoryExporter();
  const provider = new TracerProvider({
    ...(sampler && { sampler }),
    spanProcessors: [...processors, new SimpleSpanProcessor({ exporter })],
  });
  trace.disable();
  trace.setGlobalTracerProvider(provider);
  const spans = () => exporter.spans;
  return { provider, spans, rows: () => spans().map((span) => rowOf(span, spans())) };
}

/** Drops roots of this name, and with them everything below; samples the rest. */
export function dropping(name: string): Sampler {
  const shouldSample: Sampler['shouldSample'] = (_context, _traceId, spanName) => ({
    decision: spanName === name ? 0 : 2,
  });
  return new ParentBasedSampler({ root: { shouldSample, toString: () => `dropping ${name}` } });
}

export function rowOf(span: ReadableSpan, all: readonly ReadableSpan[]): SpanRow {
  const nameOf = (spanId: string) =>
    all.find((other) => other.spanContext().spanId === spanId)?.name ?? 'elsewhere';
  const { name, kind, status, attributes, events, links, parentSpanContext } = span;
  const row: SpanRow = { name };
  if (kind !== SpanKind.INTERNAL) row.kind = SpanKind[kind];
  if (parentSpanContext !== undefined) row.parent = nameOf(parentSpanContext.spanId);
  if (status.code === SpanStatusCode.OK) row.status = 'OK';
  if (status.code === SpanStatusCode.ERROR) row.status = `ERROR ${status.message ?? ''}`.trim();
  if (Object.keys(attributes).length > 0) row.attributes = attributes;
  if (events.length > 0) {
    row.exceptions = events.map(
      (event) => `${event.attributes?.['exception.type']}: ${event.attributes?.['exception.message']}`,
    );
  }
  if (links.length > 0) row.links = links.map((link) => nameOf(link.context.spanId));
  return row;
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export function caught(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('it was to throw');
}

/** An object that can no longer be looked at. */
export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** A turn of the event loop: whatever was settled has been reacted to. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Has the collector collect, and tell of it. */
export async function collect(): Promise<void> {
  globalThis.gc!();
  await turn();
  await turn();
}

/** Counts what the process reports, in place of the set-up's listener that forbids it. */
export async function unhandledDuring(
  act: () => void,
  settled: () => Promise<void> = turn,
): Promise<unknown[]> {
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const heard: unknown[] = [];
  const hear = (reason: unknown) => void heard.push(reason);
  process.on('unhandledRejection', hear);
  act();
  await settled();
  process.off('unhandledRejection', hear);
  for (const other of others) process.on('unhandledRejection', other);
  return heard;
}
