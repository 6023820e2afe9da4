import type { expect as vitestExpect } from 'vitest';
import type { SpanRecorder } from '../../src/testing/index.ts';

/** What the code of a page may use without an import. */
declare global {
  /** Of the block that runs. */
  var spans: SpanRecorder;
  /** What it has given to `console`, a text for each call. */
  var printed: string[];
  var expect: typeof vitestExpect;
}
