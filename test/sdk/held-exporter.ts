import { trace } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { type BatchOptions, SerialBatchSpanProcessor } from '../../src/sdk/index.ts';

type Answer = Parameters<SpanExporter['export']>[1];

/** One call of `export()`, which the test answers when it likes, if it likes. */
export interface HeldExport {
  readonly names: readonly string[];
  readonly answer: Answer;
}

export const OK = { code: 0 };

/** An exporter that answers nothing by itself. */
export class HeldExporter implements SpanExporter {
  readonly exports: HeldExport[] = [];
  flushes = 0;
  shutdowns = 0;

  export(spans: ReadableSpan[], answer: Answer): void {
    this.exports.push({ names: spans.map(({ name }) => name), answer });
  }

  async forceFlush(): Promise<void> {
    this.flushes++;
  }

  async shutdown(): Promise<void> {
    this.shutdowns++;
  }

  /** The names of the spans of every export, in order. */
  get batches(): (readonly string[])[] {
    return this.exports.map(({ names }) => names);
  }
}

/** A processor behind a real provider; `end(names)` starts and ends spans. */
export function serial(options?: BatchOptions) {
  const exporter = new HeldExporter();
  const processor = new SerialBatchSpanProcessor(exporter, options);
  const provider = new TracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer('test');
  const end = (...names: string[]) => {
    for (const name of names) tracer.startSpan(name).end();
  };
  return { exporter, processor, provider, end };
}

/** {@link serial}, whose provider is the registered one. */
export function registered(options?: BatchOptions) {
  const made = serial(options);
  trace.setGlobalTracerProvider(made.provider);
  return made;
}

/** Accepts what has been exported, and what is exported then, until nothing more comes. */
export async function answerAll(exporter: HeldExporter): Promise<void> {
  let answered = -1;
  while (answered < exporter.exports.length) {
    answered = exporter.exports.length;
    for (const { answer } of exporter.exports) answer(OK);
    await turn();
  }
}

/** Lets the event loop turn once, and with it everything in the microtask queue. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
