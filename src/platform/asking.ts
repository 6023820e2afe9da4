import { attempt } from './report.ts';

/**
 * How deep this library is in what it asks of the application at every span: a sampler, a processor, `enabled`,
 * `ignoreErrors`, `redact`. Traced functions that these call make no spans: each would be asked about in turn, to the end of
 * the stack. The options of one function (`name`, `attributes`) are not meant: what they call has options of its own.
 */
export const asking = { depth: 0 };

/** {@link attempt}, and what is called meanwhile makes no spans. */
export function askQuietly<T>(what: string, call: () => T): T | undefined {
  asking.depth++;
  try {
    return attempt(what, call);
  } finally {
    asking.depth--;
  }
}
