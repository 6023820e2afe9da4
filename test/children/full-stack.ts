// Fills the stack with traced calls before anything else has been thrown, and so compiled: are there many, and how many
// are live for the SDK, and for the library?

import { liveSpans, traceTask } from '../../src/index.ts';
import { recordSpans } from '../../src/testing/index.ts';

const spans = recordSpans();
const deeper: () => number = traceTask(() => 1 + deeper(), { name: 'call', flush: 'never' });
try {
  deeper();
} catch {
  // The stack is full.
}
console.log(JSON.stringify([spans.spans.length > 50, spans.live().length, liveSpans().length]));
