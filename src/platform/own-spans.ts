import { processWide } from './process-wide.ts';

/** The spans of all copies of this library in the process: how many have begun, are live, and are just being ended early. */
export const ownSpans = /* @__PURE__ */ processWide('own-spans', () => ({
  begun: 0,
  live: 0,
  endingEarly: 0,
}));

/** Calls `end`, which ends a span before its work has settled: an abort, a time-out or a shutdown has come first. */
export function endEarly(end: () => void): void {
  ownSpans.endingEarly++;
  try {
    end();
  } finally {
    ownSpans.endingEarly--;
  }
}

/** Whether the span that is just being ended is ended by this library, and not by the work that it stands for. */
export function isEndedEarly(): boolean {
  return ownSpans.endingEarly > 0;
}
