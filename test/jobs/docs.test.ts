import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim());

test('every line that docs/jobs.md adds stands in a recipe that runs', () => {
  const examples = join(root, 'examples/jobs');
  const lines = readdirSync(examples, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[jt]sx?$/.test(path) && !path.includes('node_modules'))
    .flatMap((path) => linesOf(join(examples, path)));
  const added = linesOf(join(root, 'docs/jobs.md')).filter((line) => line.startsWith('+'));
  expect(added.length).toBeGreaterThan(20);
  expect(added.filter((line) => !lines.includes(line.slice(1).trim()))).toEqual([]);
});
