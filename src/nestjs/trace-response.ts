import type { Span } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';
import type { NodeResponse } from './response-end.ts';

/**
 * Tells the client which trace its request became, in the header `traceresponse` of W3C Trace Context, level 2.
 *
 * On the Node response and not by the adapter, so that `@Res()` and `@Sse()` responses carry it too.
 */
export function writeTraceResponse(response: NodeResponse, span: Span): void {
  attempt('setting the header traceresponse', () => {
    const { traceId, spanId, traceFlags } = span.spanContext();
    response.setHeader(
      'traceresponse',
      `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    );
  });
}
