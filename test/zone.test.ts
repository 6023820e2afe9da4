import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test.each(['before', 'after'])('with zone.js loaded %s the library', (when) => {
  const program = fileURLToPath(new URL('children/zone.ts', import.meta.url));
  const { alone, ...seen } = JSON.parse(
    execFileSync(process.execPath, [program, when], { encoding: 'utf8' }),
  ) as {
    alone: unknown[];
  };
  expect(alone).not.toEqual([]);
  expect(seen).toEqual({
    traced: alone,
    live: 0,
    ended: 15,
    failed: ['async function, failed', 'zone promise, failed'].flatMap((name) =>
      ['awaited', 'awaited', 'left alone'].map((how) => `${name}, ${how}: ERROR failed`),
    ),
  });
});
