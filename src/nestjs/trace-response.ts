import { isSpanContextValid, type Span } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';
import type { NodeResponse } from './response-end.ts';

/**
 * Tells the client which trace its request became, in the header `traceresponse`, unless it is told already.
 *
 * On the Node response and not by the adapter, so that `@Res()` and `@Sse()` responses carry it too.
 */
export function writeTraceResponse(response: NodeResponse, span: Span): void {
  attempt('setting the header traceresponse', () => {
    const identity = attempt('span.spanContext()', () => span.spanContext());
    if (identity === undefined || !isSpanContextValid(identity) || response.hasHeader('traceresponse'))
      return;
    const { traceId, spanId, traceFlags } = identity;
    const flags = traceFlags.toString(16).padStart(2, '0');
    response.setHeader('traceresponse', `00-${traceId}-${spanId}-${flags}`);
  });
}
