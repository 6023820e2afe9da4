import type { HrTime, Span, TimeInput } from '@opentelemetry/api';
import { attempt, report } from '../platform/report.ts';

/** Whether a span says that it records nothing: most often because it was not sampled. */
export function isUnrecorded(span: Span): boolean {
  try {
    const answer: unknown = span.isRecording();
    if (typeof answer !== 'boolean') attempt('span.isRecording()', () => answer);
    return answer === false;
  } catch (error) {
    report('span.isRecording() threw', error);
    return false;
  }
}

let endsUnderWay = 0;

/** Whether a span is being ended: what a processor calls on hearing of that makes no spans, which would be heard of in turn. */
export function isEnding(): boolean {
  return endsUnderWay > 0;
}

/** Ends a span of an SDK's, whatever it throws. */
export function endSpan(span: Span, endTime?: TimeInput): void {
  endsUnderWay++;
  try {
    const answer: unknown = span.end(endTime);
    if (answer !== undefined) attempt('span.end()', () => answer);
    endsUnderWay--;
  } catch (error) {
    endsUnderWay--;
    report('span.end() threw', error);
  }
}

/** Milliseconds since the epoch. SDK spans can be read back. */
export function readStartTime(span: Span): number | undefined {
  try {
    const { startTime } = span as { startTime?: HrTime };
    return Array.isArray(startTime) ? startTime[0] * 1e3 + startTime[1] / 1e6 : undefined;
  } catch {
    return undefined;
  }
}
