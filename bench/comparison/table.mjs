// Prints how each contender treats each kind of return value, and what a call of it costs, and writes the tables into
// docs/comparison.md.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { contenders } from './contenders.mjs';
import { kinds } from './kinds.mjs';

const PAGE = fileURLToPath(new URL('../../docs/comparison.md', import.meta.url));
const names = Object.keys(contenders);

/** What a program says of each contender, each in a process of its own. */
async function ask(program) {
  const answers = new Map();
  for (const name of names) {
    const child = fork(new URL(program, import.meta.url), [name], { timeout: 120_000 });
    const [answer] = await once(child, 'message');
    answers.set(name, answer);
  }
  return answers;
}

const sign = (is) => (is ? '✓' : '✗');
const cell = ({ covers, failure, unharmed }) => [covers, failure, unharmed].map(sign).join(' ');
const line = (cells) => `| ${cells.join(' | ')} |\n`;
const tableOf = (head, rows, cellOf) =>
  line([head, ...names]) +
  line(['---', ...names.map(() => '---')]) +
  rows.map((row) => line([row, ...names.map((name) => cellOf(name, row))])).join('');

const treatment = await ask('measure.mjs');
const costs = await ask('cost.mjs');
const tables = {
  comparison: tableOf('returns', Object.keys(kinds), (name, kind) => cell(treatment.get(name)[kind])),
  cost: tableOf('a call / lean', Object.keys(costs.get('oncespan')), (name, row) =>
    costs.get(name)[row].toFixed(2),
  ),
};

let page = readFileSync(PAGE, 'utf8');
for (const [mark, table] of Object.entries(tables)) {
  console.log(table);
  const marked = new RegExp(`(?<=<!-- ${mark} -->\\n)[\\s\\S]*(?=<!-- /${mark} -->)`);
  page = page.replace(marked, () => table);
}
writeFileSync(PAGE, page);
