import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim());

test('every line of a diff in docs/jobs.md stands in a recipe that runs', () => {
  const examples = join(root, 'examples/jobs');
  const lines = readdirSync(examples, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[jt]sx?$/.test(path) && !path.includes('node_modules'))
    .flatMap((path) => linesOf(join(examples, path)));
  const diffs = readFileSync(join(root, 'docs/jobs.md'), 'utf8').matchAll(/^```diff\n(.*?)^```$/gms);
  const shown = Array.from(diffs, ([, diff]) => diff!.split('\n')).flat();
  expect(shown.length).toBeGreaterThan(60);
  const code = shown
    .map((line) => line.replace(/^\+/, '').trim())
    .filter((line) => !/^(\/\/.*)?$/.test(line));
  expect(code.filter((line) => !lines.includes(line))).toEqual([]);
});
