// In each process that runs tests, before anything else: says which mutant is on, and which are come across by each test.
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** The mutants that the test comes across. */
    hit?: number[];
    /** Those that its file does, before it. */
    loaded?: number[];
  }
}

const slot = process.env['ONCESPAN_MUTANTS_SLOT']!;
const shared = globalThis as { __oncespanMutants?: { on: number; hit: Uint8Array } };
const on = Number(readFileSync(`${slot}/on`, 'utf8'));
const mutants = (shared.__oncespanMutants ??= { on, hit: new Uint8Array(1 << 14) });
// For the processes that tests start.
process.env['ONCESPAN_MUTANT'] = String(on);

if (process.env['ONCESPAN_MUTANTS_DRY'] !== undefined) {
  const inChildren = `${slot}/hits`;
  process.env['ONCESPAN_MUTANT_HITS'] = inChildren;
  if (!existsSync(inChildren)) writeFileSync(inChildren, '');
  const takeHits = (): number[] => {
    const all = new Set(readFileSync(inChildren, 'utf8').split('\n').filter(Boolean).map(Number));
    truncateSync(inChildren);
    mutants.hit.forEach((is, id) => is === 1 && all.add(id));
    mutants.hit.fill(0);
    return [...all];
  };
  beforeEach(({ task }) => {
    task.meta.loaded = takeHits();
  });
  // Set-up files are left in the opposite order: this is the last.
  afterEach(({ task }) => {
    task.meta.hit = takeHits();
  });
}
