import type { HrTime, Span, TimeInput } from '@opentelemetry/api';
import { asking } from '../platform/asking.ts';
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

/** Ends a span of an SDK's, whatever it throws. */
export function endSpan(span: Span, endTime?: TimeInput): void {
  asking.depth++;
  try {
    const answer: unknown = span.end(endTime);
    if (answer !== undefined) attempt('span.end()', () => answer);
    asking.depth--;
  } catch (error) {
    asking.depth--;
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
