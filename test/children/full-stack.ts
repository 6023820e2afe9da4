// Fills the stack with traced calls, in the way that the first argument says, before anything else has been thrown, and so
// compiled: are there many, how many are live for the SDK, and for the library, and how many threw after their function
// had returned?

import { liveSpans, traceTask, withSpan } from '../../src/index.ts';
import { recordSpans } from '../../src/testing/index.ts';

const spans = recordSpans();
const options = { name: 'call', flush: 'never' } as const;
let threwAfterReturn = 0;

/** Calls `call`, and survives it. @returns whether it came to its end */
function survives(call: (state: { returned: boolean }) => unknown): boolean {
  const state = { returned: false };
  try {
    call(state);
    return true;
  } catch {
    if (state.returned) threwAfterReturn++;
    return false;
  }
}

const WAYS: Record<string, () => unknown> = {
  'the recursion is traced, and thrown out of'() {
    const deeper: () => number = traceTask(() => 1 + deeper(), options);
    survives(deeper);
  },
  'the recursion is traced, and caught deep inside'() {
    const deeper: (outer?: { returned: boolean }) => void = traceTask((outer?: { returned: boolean }) => {
      survives((state) => deeper(state));
      if (outer) outer.returned = true;
    }, options);
    deeper();
  },
  'the recursion goes through withSpan'() {
    const deeper = (outer?: { returned: boolean }): void =>
      withSpan('call', () => {
        survives((state) => deeper(state));
        if (outer) outer.returned = true;
      });
    deeper();
  },
  'the leaves of a recursion are traced, and caught'() {
    const leaf = traceTask((state: { returned: boolean }) => void (state.returned = true), options);
    const deeper = () => {
      survives(leaf);
      if (!survives(deeper)) survives(leaf);
    };
    survives(deeper);
  },
};

WAYS[process.argv[2]!]!();
// Ends that found no room are made up for at the next end, or look.
const live = liveSpans().length;
console.log(JSON.stringify([spans.spans.length > 50, spans.live().length, live, threwAfterReturn]));
