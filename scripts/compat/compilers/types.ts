// Only compiled: what the declarations have to say of right and of wrong use.
import { flush, type FlushResult, startSpan, Traced, traceTask, withSpan } from 'oncespan';
import { WaterfallSpanExporter } from 'oncespan/console';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';
import { recordSpans, type SpanMatchers } from 'oncespan/testing';

export class Orders {
  // @ts-expect-error the hook takes a number, the method a string
  @Traced({ attributes: (id: number) => ({ id }) })
  place(id: string): string {
    return id;
  }

  // @ts-expect-error there is no such option
  @Traced({ timeout: 5 })
  find(id: string): string {
    return id;
  }
}

const first = traceTask(<T>(items: readonly T[]): T | undefined => items[0], { timeoutMs: 5 });
export const text: string | undefined = first(['a']);
// @ts-expect-error it is a string
export const number: number | undefined = first(['a']);
export const block: Promise<number> = withSpan('block', async (span) => span.spanContext().traceFlags);
export const flushed: Promise<FlushResult> = flush({ signal: AbortSignal.timeout(5) });
export const live: { end(): void } = startSpan('live');
export const stop: () => void = () => recordSpans().stop();
export const processor = new SerialBatchSpanProcessor(new WaterfallSpanExporter());
export const start: typeof startTracing = startTracing;
export type Matchers = SpanMatchers<void>;
