import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, snippetsOf } from './snippets.ts';

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim());

test.each([
  ['docs/jobs.md', 'examples/jobs', { shown: 60, code: 0 }],
  ['docs/nestjs.md', 'examples/nestjs', { shown: 0, code: 20 }],
])('every line of a diff in %s stands in a recipe that runs, of %s', (page, folder, least) => {
  const examples = join(root, folder);
  const lines = readdirSync(examples, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[jt]sx?$/.test(path) && !/node_modules|dist/.test(path))
    .flatMap((path) => linesOf(join(examples, path)));
  const diffs = snippetsOf(page).filter(({ kind }) => kind === 'diff');
  const shown = diffs.flatMap((diff) => diff.shown.split('\n'));
  expect(shown.length).toBeGreaterThan(least.shown);
  const code = shown
    .map((line) => line.replace(/^\+/, '').trim())
    .filter((line) => !/^(\/\/.*)?$/.test(line));
  expect(code.length).toBeGreaterThan(least.code);
  expect(code.filter((line) => !lines.includes(line))).toEqual([]);
});
