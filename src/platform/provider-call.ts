import { IntrinsicPromise } from './deadline.ts';
import { processWide } from './process-wide.ts';
import { attempt, inWords } from './report.ts';
import { callUntraced } from './untraced-context.ts';

/**
 * A call of a provider's `forceFlush()` or `shutdown()` by this library. Providers of an SDK pass no options on to their
 * processors, and hold the process for 30 seconds, until these have answered. So a processor of this library asks who is
 * calling ({@link providerCall}): it learns how long a shutdown may take, and lets the provider go when nobody waits.
 *
 * That is known on the stack of the call alone: behind a provider that waits for something first, it is a call like any other.
 */
export class ProviderCall {
  /** Set if the provider is being shut down, by this call or the next. */
  readonly shutdown: ShutdownTime | undefined;
  readonly #answers: PromiseLike<void>[] = [];
  readonly #resolves: (() => void)[] = [];
  #isAnsweredEarly = false;

  constructor(shutdown?: ShutdownTime) {
    this.shutdown = shutdown;
  }

  /** @returns what a processor gives the provider: its answer, or none as soon as the provider need not wait for it any more */
  passOn(answer: PromiseLike<void>): Promise<void> {
    this.#answers.push(answer);
    return new IntrinsicPromise((resolve, reject) => {
      this.#resolves.push(resolve);
      answer.then(resolve, reject);
    });
  }

  /** Lets the provider go. The processors' own answers are waited for here, if at all. */
  answerEarly(): void {
    this.#isAnsweredEarly = true;
    for (const resolve of this.#resolves) resolve();
  }

  /**
   * Calls the method, and waits for its answer. Untraced: a span that a flush ends would ask for the next one, for ever.
   *
   * @returns what it failed with
   */
  async run(method: () => unknown): Promise<unknown[]> {
    state.call = this;
    const given = failuresOf(() => callUntraced(method));
    state.call = undefined;
    let failures = await given;
    if (!this.#isAnsweredEarly) return failures;
    for (const answer of this.#answers) failures = failures.concat(await failuresOf(() => answer));
    // The provider may have told of some of them before.
    return Array.from(new Set(failures));
  }
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

async function failuresOf(call: () => unknown): Promise<unknown[]> {
  try {
    await call();
    return [];
  } catch (error) {
    // An SDK's provider tells the errors of its processors as an array. A proxy may refuse the look.
    const isList = attempt('reading a failure', () => Array.isArray(error) && error.length > 0);
    return isList ? (error as unknown[]) : [error];
  }
}

/** What several things failed with, as one error. */
export function joined(failures: readonly unknown[]): Error {
  if (failures.length > 1) return new AggregateError(failures, `${failures.length} failures`);
  const [failure] = failures;
  const read = () => {
    if (failure instanceof Error) return failure;
    // Of another realm, perhaps.
    const message = (failure as Error | undefined)?.message ?? inWords(failure);
    return new Error(message, { cause: failure });
  };
  return attempt('reading a failure', read) ?? new Error('a failure that cannot be read', { cause: failure });
}
