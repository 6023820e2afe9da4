import { Deadline } from '../../platform/deadline.ts';
import { attempt, report } from '../../platform/report.ts';
import { callUntraced } from '../../platform/untraced-context.ts';
import type { EndedSpan } from './sdk-shapes.ts';

type Resource = NonNullable<EndedSpan['resource']>;

/**
 * Attributes of resources that are still to come, as from a detector that asks the cloud it runs in. A resource is waited for
 * once, and not for ever: a span without an attribute beats no span.
 */
export class PendingAttributes {
  readonly #limitMs: number;
  /** Resources that are not waited for any more. */
  readonly #givenUp = new WeakSet<Resource>();
  readonly #waiting = new Set<Deadline<string | undefined>>();
  #isHurried = false;

  /** @param limitMs milliseconds, or `Infinity` */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Waits for the resources of `spans`. Never rejects. */
  async of(spans: readonly EndedSpan[]): Promise<void> {
    const pending = this.#isHurried
      ? undefined
      : attempt('reading the resources', () => this.#pendingOf(spans));
    if (pending === undefined || pending.size === 0) return;
    const arrival: Deadline<string | undefined> = new Deadline<string | undefined>({
      timeoutMs: this.#limitMs,
      timedOut: () => (this.#isHurried ? 'were not waited for' : `had not arrived after ${this.#limitMs} ms`),
      holdsProcess: false,
      isHousekeeping: true,
      onSettled: () => this.#waiting.delete(arrival),
    });
    this.#waiting.add(arrival);
    for (const resource of pending) void this.#ask(resource, pending, arrival);
    const problem = await arrival.promise;
    if (problem === undefined) return;
    for (const resource of pending) this.#givenUp.add(resource);
    report(`resource attributes ${problem}; spans are exported without them`);
  }

  /** Waits for nothing any more. */
  hurry(): void {
    this.#isHurried = true;
    for (const arrival of this.#waiting) arrival.expire();
  }

  async #ask(
    resource: Resource,
    pending: Set<Resource>,
    arrival: Deadline<string | undefined>,
  ): Promise<void> {
    try {
      await callUntraced(() => resource.waitForAsyncAttributes?.());
    } catch (error) {
      this.#givenUp.add(resource);
      report('waiting for resource attributes failed', error);
    }
    pending.delete(resource);
    if (pending.size === 0) arrival.settle(undefined);
  }

  #pendingOf(spans: readonly EndedSpan[]): Set<Resource> {
    const pending = new Set<Resource>();
    for (const { resource } of spans) {
      if (resource?.asyncAttributesPending && !this.#givenUp.has(resource)) pending.add(resource);
    }
    return pending;
  }
}
