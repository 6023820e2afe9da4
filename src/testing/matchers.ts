import type { AssertionError } from './assertion-error.ts';
import type { SpanRecorder } from './record-spans.ts';
import type { ExpectedSpan } from './span-tree.ts';

/** What a matcher answers. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/**
 * For `expect.extend` of vitest and jest.
 *
 * @example
 * expect.extend(spanMatchers);
 * declare module 'vitest' {
 *   interface Matchers<R extends void | Promise<void>, T> extends SpanMatchers<R> {}
 * }
 * expect(spans).toHaveOnlySpans(['Orders.place']);
 */
export const spanMatchers = {
  toHaveOnlySpans(recorder: SpanRecorder, expected: readonly ExpectedSpan[]): MatcherResult {
    try {
      recorder.only(expected);
      return { pass: true, message: () => `these are all the spans there are:\n\n${recorder.tree()}` };
    } catch (error) {
      // Not by its class: a recorder can be another copy's, after `jest.resetModules()`.
      const { code, operator, message } = error as AssertionError;
      if (code !== 'ERR_ASSERTION' || operator !== 'only') throw error;
      return { pass: false, message: () => message };
    }
  },

  toHaveLiveSpans(recorder: SpanRecorder): MatcherResult {
    const names = recorder.live().map(({ name }) => name);
    const pass = names.length > 0;
    return { pass, message: () => (pass ? `live spans: ${names.join(', ')}` : 'every span has ended') };
  },
};

/** What {@link spanMatchers} adds to `expect(recorder)`. */
export interface SpanMatchers<R = void> {
  /** As `only` of the recorder. */
  toHaveOnlySpans: (expected: readonly ExpectedSpan[]) => R;
  /** Whether a span has started and not ended. */
  toHaveLiveSpans: () => R;
}
