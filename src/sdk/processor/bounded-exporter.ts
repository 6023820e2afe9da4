import { Deadline } from '../../platform/deadline.ts';
import { attempt, report } from '../../platform/report.ts';
import type { EndedSpan, Exporter, ExportResult } from './sdk-shapes.ts';
import { timeoutError } from './timeout-error.ts';
import { callUntraced } from '../../platform/untraced-context.ts';

/** Why something did not succeed. Of what is `unknown` nobody can tell whether it did: no answer came. */
export interface Failure {
  readonly kind: 'failed' | 'unknown';
  readonly error: unknown;
}

type Answer = Deadline<Failure | undefined>;

/**
 * An exporter whose every call is answered: within the limit, once, and with a {@link Failure} where the exporter
 * throws, rejects, hangs, or calls back twice. The calls run untraced; failures are reported.
 *
 * It is asked one thing at a time.
 */
export class BoundedExporter {
  readonly #exporter: Exporter;
  readonly #limitMs: number;
  #awaited: Answer | undefined;
  #hasGivenUp = false;

  /** @param limitMs milliseconds for each call but `shutdown()`, or `Infinity` */
  constructor(exporter: Exporter, limitMs: number) {
    this.#exporter = exporter;
    this.#limitMs = limitMs;
  }

  /**
   * Waits for what is still to come of the resources of the first `count` spans. Not for ever: a span without an attribute
   * beats no span.
   */
  async attributesOf(spans: readonly EndedSpan[], count: number): Promise<void> {
    const pending = attempt('reading the resources', () => pendingResources(spans, count));
    if (pending === undefined || pending.size === 0) return;
    await this.#ask('waiting for resource attributes', this.#limitMs, (answer) => {
      settleWith(answer, Promise.all(Array.from(pending, (resource) => resource.waitForAsyncAttributes?.())));
    });
  }

  export(spans: EndedSpan[]): Promise<Failure | undefined> {
    return this.#ask(`an export of ${spans.length} spans`, this.#limitMs, (answer) => {
      const returned: unknown = this.#exporter.export(spans, (result) => answer.settle(failureIn(result)));
      // Only an `async` export returns something. Its promise says nothing about success, but may reject.
      Promise.resolve(returned).catch((error: unknown) => answer.settle(failed(error)));
    });
  }

  async forceFlush(): Promise<Failure | undefined> {
    if (typeof this.#exporter.forceFlush !== 'function') return undefined;
    return this.#ask("the exporter's forceFlush()", this.#limitMs, (answer) => {
      settleWith(answer, this.#exporter.forceFlush?.());
    });
  }

  /** Has no limit of its own: whoever shuts down has one, and gives up. */
  shutdown(): Promise<Failure | undefined> {
    return this.#ask("the exporter's shutdown()", Infinity, (answer) => {
      settleWith(answer, this.#exporter.shutdown());
    });
  }

  /** Answers what is being waited for, and everything that is asked from now on, without waiting. */
  giveUp(): void {
    this.#hasGivenUp = true;
    this.#awaited?.expire();
  }

  async #ask(what: string, limitMs: number, call: (answer: Answer) => void): Promise<Failure | undefined> {
    const late = (): Failure => {
      const waited = this.#hasGivenUp ? 'until the shutdown' : `for ${limitMs} ms`;
      return { kind: 'unknown', error: timeoutError(`${what} was waited for ${waited} and not answered`) };
    };
    const answer: Answer = new Deadline<Failure | undefined>({
      timeoutMs: limitMs,
      timedOut: late,
      holdsProcess: false,
    });
    this.#awaited = answer;
    try {
      callUntraced(() => call(answer));
    } catch (error) {
      answer.settle(failed(error));
    }
    if (this.#hasGivenUp) answer.expire();
    const failure = await answer.promise;
    if (failure !== undefined)
      report(`${what} ${failure.kind === 'failed' ? 'failed' : 'hung'}`, failure.error);
    return failure;
  }
}

type Resource = NonNullable<EndedSpan['resource']>;

function pendingResources(spans: readonly EndedSpan[], count: number): Set<Resource> {
  const pending = new Set<Resource>();
  for (let i = 0; i < count; i++) {
    const resource = spans[i]?.resource;
    if (resource?.asyncAttributesPending) pending.add(resource);
  }
  return pending;
}

function failed(error: unknown): Failure {
  return { kind: 'failed', error };
}

function failureIn(result: ExportResult): Failure | undefined {
  if (result?.code === 0) return undefined;
  return failed(result?.error ?? new Error('the exporter reported a failure and no error'));
}

function settleWith(answer: Answer, promise: unknown): void {
  Promise.resolve(promise).then(
    () => answer.settle(undefined),
    (error: unknown) => answer.settle(failed(error)),
  );
}
