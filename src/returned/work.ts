import type { Context } from '@opentelemetry/api';
import type { Fate } from '../span/live-span.ts';

/** The work behind an object that a call returned, as those who observe the object tell of it. The first end counts. */
export interface Work {
  /** The context that the work runs in. */
  readonly active: Context;
  readonly fate: Fate;
  /** Whether the end has been told. */
  readonly ended: boolean;
  /** @param result what the `resultAttributes` are made from */
  returned(result: unknown): void;
  threw(error: unknown): void;
  /** There was none: the object is a value, and the spans end as of the call. */
  retract(): void;
  /** Left before its end, which is nobody's failure. */
  left(): void;
}

/**
 * Instruments `target`, in place, so that it tells of its `work`.
 *
 * @returns `true`, or for an object that may outlive its work's call what takes the instruments out again; nothing when
 * the object refuses them
 */
export type Observe = (target: object, work: Work) => (() => void) | boolean | undefined;
