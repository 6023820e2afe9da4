import { processWide } from './process-wide.ts';

/** How many spans are being ended before their work has settled, by any copy of this library. */
const early = /* @__PURE__ */ processWide('early-ends', () => ({ underWay: 0 }));

/** Calls `end`, which ends a span before its work has settled: an abort, a time-out or a shutdown has come first. */
export function endEarly(end: () => void): void {
  early.underWay++;
  try {
    end();
  } finally {
    early.underWay--;
  }
}

/** Whether the span that is just being ended is ended by this library, and not by the work that it stands for. */
export function isEndedEarly(): boolean {
  return early.underWay > 0;
}
