import type { Outcome } from './outcome.ts';

/** An end that found no room on the stack. */
interface PostponedEnd {
  readonly live: { ended?: boolean; settle(outcome: Outcome): void };
  readonly outcome: Outcome;
  readonly next: PostponedEnd | undefined;
}

/** Put here by assignment: at the end of the stack nothing can be called. */
export const postponedEnds: { first: PostponedEnd | undefined } = { first: undefined };

/** Makes up for the ends that found no room; those that find none again wait on. */
export function settlePostponed(): void {
  for (let due = postponedEnds.first; due !== undefined; due = postponedEnds.first) {
    postponedEnds.first = due.next;
    due.live.ended = false;
    due.live.settle(due.outcome);
  }
}
