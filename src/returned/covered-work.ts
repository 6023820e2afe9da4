import type { Context } from '@opentelemetry/api';

/** The work behind an object that a call returned, as those who observe the object tell of it. The first end counts. */
export interface CoveredWork {
  /** The context that the work runs in. */
  readonly active: Context;
  /** Whether the end has been told. */
  hasEnded(): boolean;
  /** The work begins when it is asked for: nothing is lost if the object is collected before that. */
  foundLazy(): void;
  /** The work is under way, and has to settle. */
  foundRunning(): void;
  /** @param result what the `resultAttributes` are made from */
  returned(result: unknown): void;
  threw(error: unknown): void;
  /** There is no work after all: the object is a value, and the spans end as of the call. */
  foundValue(): void;
  /** Left before its end, which is nobody's failure. */
  left(): void;
  /** What the object has led to stands for the work, too: its stream, another query, or, if it is one, its iterator. */
  leadsTo(result: object, isIteration: boolean): void;
}

/** Work that consists of reading something to its end. */
export type Reading = Pick<CoveredWork, 'active' | 'hasEnded' | 'returned' | 'threw' | 'left'>;

/**
 * Instruments `target`, in place, so that it tells of its `work`.
 *
 * @returns `true`, or for an object that may outlive its work's call what takes the instruments out again; nothing when
 * the object refuses them
 */
export type Observe = (target: object, work: CoveredWork) => (() => void) | boolean | undefined;
