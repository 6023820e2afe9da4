import { Deadline, IntrinsicPromise } from '../../platform/deadline.ts';
import { report } from '../../platform/report.ts';
import { callUntraced } from '../../platform/untraced-context.ts';
import { tellGlobalErrorHandlers } from './global-error-handlers.ts';
import type { EndedSpan, Exporter, ExportResult } from './sdk-shapes.ts';
import { timeoutError } from './timeout-error.ts';

/** Why something did not succeed. Of what is `unknown` nobody can tell whether it did: no answer came. */
export interface Failure {
  readonly kind: 'failed' | 'unknown';
  readonly error: unknown;
}

type Answer = Deadline<Failure | undefined>;

const NO_FAILURE = /* @__PURE__ */ IntrinsicPromise.resolve(undefined);

/**
 * An exporter whose every call is answered: within the limit, once, and with a {@link Failure} where the exporter
 * throws, rejects, hangs, or calls back twice. The calls run untraced; failures are reported.
 */
export class BoundedExporter {
  readonly #exporter: Exporter;
  readonly #limitMs: number;
  /** With the time at which each was asked for, in milliseconds since the epoch. */
  readonly #awaited = new Map<Answer, number>();
  #hasGivenUp = false;
  /** Exports that were given up, and that the exporter has not answered since. It may still be at them. */
  overdue = 0;

  /** @param limitMs milliseconds for each call but `shutdown()`, or `Infinity` */
  constructor(exporter: Exporter, limitMs: number) {
    this.#exporter = exporter;
    this.#limitMs = limitMs;
  }

  export(spans: EndedSpan[]): Promise<Failure | undefined> {
    let isOverdue = false;
    const answered = () => {
      if (isOverdue) this.overdue--;
      isOverdue = false;
    };
    const call = (answer: Answer) => {
      const hear = (failure: Failure | undefined) => {
        answer.settle(failure);
        answered();
      };
      const returned: unknown = this.#exporter.export(spans, (result) => hear(failureIn(result)));
      // Only an `async` export returns something. Its promise says nothing about success, but may reject.
      if (returned !== undefined) void failureOf(returned).then((failure) => failure && hear(failure));
    };
    return this.#ask(`an export of ${spans.length} spans`, this.#limitMs, call, () => {
      isOverdue = true;
      this.overdue++;
    });
  }

  forceFlush(): Promise<Failure | undefined> {
    const exporter = this.#exporter;
    try {
      if (typeof exporter.forceFlush !== 'function') return NO_FAILURE;
    } catch {
      // Read once more below, where its failure counts.
    }
    return this.#ask("the exporter's forceFlush()", this.#limitMs, (answer) => {
      void failureOf(exporter.forceFlush!()).then((failure) => answer.settle(failure));
    });
  }

  /** Has no limit of its own: whoever shuts down has one, and gives up. */
  shutdown(): Promise<Failure | undefined> {
    return this.#ask("the exporter's shutdown()", Infinity, (answer) => {
      void failureOf(this.#exporter.shutdown()).then((failure) => answer.settle(failure));
    });
  }

  /** Answers what is being waited for, and everything that is asked from now on, without waiting. */
  giveUp(): void {
    this.#hasGivenUp = true;
    for (const answer of Array.from(this.#awaited.keys())) answer.expire();
  }

  /** Lets go of what was asked so long ago: the request that had asked for it is over, and so is its limit. */
  forgetOverdue(ageMs: number): void {
    for (const [answer, asked] of this.#awaited) {
      if (Date.now() < asked + ageMs) return;
      this.#awaited.delete(answer);
    }
  }

  async #ask(
    what: string,
    limitMs: number,
    call: (answer: Answer) => void,
    onOverdue?: () => void,
  ): Promise<Failure | undefined> {
    const timedOut = (): Failure => {
      onOverdue?.();
      const when = this.#hasGivenUp ? 'when the shutdown gave up' : `after ${limitMs} ms`;
      return { kind: 'unknown', error: timeoutError(`${what} had no answer ${when}`) };
    };
    const answer: Answer = new Deadline<Failure | undefined>({
      timeoutMs: limitMs,
      timedOut,
      holdsProcess: false,
      isHousekeeping: true,
      onSettled: () => this.#awaited.delete(answer),
    });
    this.#awaited.set(answer, Date.now());
    try {
      callUntraced(() => call(answer));
    } catch (error) {
      answer.settle(failed(error));
    }
    // Then nobody waits, and that there is no answer says nothing.
    const isAwaited = !this.#hasGivenUp;
    if (!isAwaited) answer.expire();
    const failure = await answer.promise;
    if (failure !== undefined && isAwaited)
      tell(`${what} ${failure.kind === 'failed' ? 'failed' : 'hung'}`, failure.error);
    return failure;
  }
}

/** To us, and to whoever handles the errors of the SDK. */
function tell(what: string, error: unknown): void {
  report(what, error);
  tellGlobalErrorHandlers(error);
}

function failed(error: unknown): Failure {
  return { kind: 'failed', error };
}

function failureIn(result: ExportResult): Failure | undefined {
  try {
    if (result?.code === 0) return undefined;
    return failed(result?.error ?? new Error('the exporter reported a failure and no error'));
  } catch (error) {
    return failed(error);
  }
}

/** Waits for whatever kind of promise it is. */
async function failureOf(promise: unknown): Promise<Failure | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return failed(error);
  }
}
