import type { Attributes, HrTime, Link, SpanContext, SpanStatus } from '@opentelemetry/api';
import { plainText } from './text.ts';

/** What is read of a span that has ended: the part of the SDK's `ReadableSpan` that its majors 2 and 3 share. */
export interface EndedSpan {
  readonly name: string;
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  readonly events: readonly { readonly name: string; readonly attributes?: Attributes }[];
}

/** Whether a span is the first of its trace in this process: it has no parent, or one in another process. */
export function isLocalRoot({ parentSpanContext }: EndedSpan): boolean {
  return parentSpanContext === undefined || parentSpanContext.isRemote === true;
}

/** The name of a span as it is shown. */
export function nameOf({ name }: EndedSpan): string {
  return plainText(name) || '(unnamed)';
}
