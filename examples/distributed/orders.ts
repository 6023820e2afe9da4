import type { Carrier } from 'oncespan';

export interface Order {
  /** What becomes of it: every sixth is declined, and of every sixth the customer leaves while it is worked on. */
  readonly fate: 'fine' | 'declined' | 'left';
  readonly headers: Carrier;
}

export const fateOf = (id: number): Order['fate'] =>
  (['declined', 'fine', 'fine', 'left', 'fine', 'fine'] as const)[id % 6]!;

export const connection = { path: process.env['REDIS']! };
