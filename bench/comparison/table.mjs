// Prints how each contender treats each kind of return value, and writes the table into the README.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { contenders } from './contenders.mjs';
import { kinds } from './kinds.mjs';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const MARKED = /(?<=<!-- comparison -->\n)[\s\S]*(?=<!-- \/comparison -->)/;

const names = Object.keys(contenders);
const results = new Map();
for (const name of names) {
  const child = fork(new URL('measure.mjs', import.meta.url), [name], { timeout: 30_000 });
  const [cells] = await once(child, 'message');
  results.set(name, cells);
}

const mark = (is) => (is ? '✓' : '✗');
const cell = ({ covers, failure, unharmed }) => [covers, failure, unharmed].map(mark).join(' ');
const line = (cells) => `| ${cells.join(' | ')} |\n`;
const table =
  line(['returns', ...names]) +
  line(['---', ...names.map(() => '---')]) +
  Object.keys(kinds)
    .map((kind) => line([kind, ...names.map((name) => cell(results.get(name)[kind]))]))
    .join('');

console.log(table);
const readme = readFileSync(README, 'utf8');
writeFileSync(
  README,
  readme.replace(MARKED, () => table),
);
