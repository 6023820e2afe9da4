import { processWide } from './process-wide.ts';
import { inWords } from './report.ts';
import { callUntraced } from './untraced-context.ts';

/**
 * What a processor of this library learns about a `forceFlush()` or `shutdown()` of its provider that this library has
 * called, and what it answers. A provider passes neither on, and holds the process with a timer of its own until its
 * processors have answered. So they answer it at once, and the caller here.
 */
export interface ProviderCall {
  /** The processors' own answers: the caller waits for them beside the provider's. */
  readonly answers: unknown[];
  /** Set if the provider is being shut down, by this call or the next. */
  readonly shutdown: ShutdownTime | undefined;
}

/** The time that a shutdown may take. */
export interface ShutdownTime {
  readonly isOver: boolean;
  /** Told when it is over, before whoever waits for the shutdown. */
  readonly observers: Set<() => void>;
}

const state = /* @__PURE__ */ processWide<{ call?: ProviderCall | undefined }>('provider-call', () => ({}));

/** The call of a provider that is on the stack now. */
export function providerCall(): ProviderCall | undefined {
  return state.call;
}

/**
 * Calls a method of a provider, and waits for its answer and for those of the processors. Untraced: a span that a flush ends
 * would ask for the next one, for ever.
 *
 * @returns what any of them failed with
 */
export async function callProvider(method: () => unknown, shutdown?: ShutdownTime): Promise<unknown[]> {
  const failures: unknown[] = [];
  const answers: unknown[] = [];
  const before = state.call;
  state.call = { answers, shutdown };
  try {
    answers.push(callUntraced(method));
  } catch (error) {
    failures.push(error);
  } finally {
    state.call = before;
  }
  // All at once: a rejection must not wait for somebody to listen.
  const heard = answers.map(async (answer) => {
    try {
      await answer;
    } catch (error) {
      // An SDK's provider tells the errors of its processors as an array.
      failures.push(...(Array.isArray(error) ? error : [error]));
    }
  });
  for (const one of heard) await one;
  return failures;
}

/** What several things failed with, as one error. */
export function joined(failures: readonly unknown[]): unknown {
  if (failures.length > 1 && typeof AggregateError === 'function') {
    return new AggregateError(failures, `${failures.length} failures`);
  }
  const [failure] = failures;
  return typeof failure === 'object' && failure !== null ? failure : new Error(inWords(failure));
}
