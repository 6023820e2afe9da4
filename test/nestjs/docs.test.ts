import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim());

test('every line of a diff in docs/nestjs.md stands in an example that runs', () => {
  const lines = globSync(`${root}examples/nestjs/*.ts`).flatMap(linesOf);
  const diffs = readFileSync(`${root}docs/nestjs.md`, 'utf8').matchAll(/^```diff\n(.*?)^```$/gms);
  const shown = Array.from(diffs, ([, diff]) => diff!.split('\n')).flat();
  const code = shown
    .map((line) => line.replace(/^\+/, '').trim())
    .filter((line) => !/^(\/\/.*)?$/.test(line));
  expect(code.length).toBeGreaterThan(20);
  expect(code.filter((line) => !lines.includes(line))).toEqual([]);
});
