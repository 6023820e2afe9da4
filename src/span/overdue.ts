import type { Outcome } from './outcome.ts';

/** An end that found no room on the stack. */
interface Overdue {
  readonly live: { ended: boolean; settle(outcome: Outcome): void };
  readonly outcome: Outcome;
  readonly next: Overdue | undefined;
}

/** Put here by assignment: at the end of the stack nothing can be called. */
export const overdue: { first: Overdue | undefined } = { first: undefined };

/** Makes up for the ends that found no room; those that find none again wait on. */
export function settleOverdue(): void {
  for (let due = overdue.first; due !== undefined; due = overdue.first) {
    overdue.first = due.next;
    due.live.ended = false;
    due.live.settle(due.outcome);
  }
}
