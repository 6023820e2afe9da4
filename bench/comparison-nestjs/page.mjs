// docs/comparison-nestjs.md: what stands between its marks, as the last full run has it.

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { pictureOf } from './pictures.mjs';

const OURS = 'oncespan';
const isOurs = (key) => key.startsWith(OURS);

const cellText = ({ said, good }) => {
  const mark = good === undefined ? '' : good ? '✓ ' : '✗ ';
  return (mark + said).replaceAll('|', '\\|').replaceAll('\n', ' ');
};
const line = (cells) => `| ${cells.join(' | ')} |\n`;

function tableOf(contenders, cellsByRow) {
  const head = ['', ...contenders.map(({ title }) => title)];
  const rows = [...cellsByRow].map(([name, cells]) =>
    line([name, ...contenders.map(({ key }) => (cells.has(key) ? cellText(cells.get(key)) : ''))]),
  );
  return line(head) + line(head.map(() => '---')) + rows.join('');
}

/** `lost`: another does what ours does not. */
function verdictOf(cells) {
  const ours = cells.get(OURS);
  if (ours?.good === undefined) return 'told';
  const others = [...cells].filter(([key]) => !isOurs(key)).map(([, cell]) => cell);
  return !ours.good && others.some(({ good }) => good) ? 'lost' : 'other';
}

export function writePage(path, { contenders, results, versions, pictures, about }) {
  const day = new Date().toISOString().slice(0, 10);
  const { model } = cpus()[0];
  const machine = `Nest ${about.nest}, Node ${about.node}, ${process.platform} ${process.arch}, ${cpus().length} cores (${model.trim()}), ${day}.`;
  const rows = [...results.express];
  const having = (verdict) => rows.filter(([, cells]) => verdictOf(cells) === verdict);
  const differs = rows
    .map(([name]) => [name, results.fastify.get(name)])
    .filter(
      ([name, cells]) =>
        cells !== undefined &&
        [...cells].some(([key, cell]) => cellText(cell) !== cellText(results.express.get(name).get(key))),
    );
  const table = (found) => (found.length === 0 ? 'None.\n' : tableOf(contenders, found));
  const majors = [...versions].map(([row, cells]) => [typeof row === 'number' ? `Nest ${row}` : row, cells]);
  const sections = [
    machine,
    contenders.map(({ title, setup }) => `- **${title}**: ${setup}.`).join('\n'),
    `## Where another does what oncespan does not\n\n${table(having('lost'))}`,
    `## The other rows\n\n${table(having('other'))}`,
    `## Counted, not judged\n\n${table(having('told'))}`,
    `## On Fastify, where that is different\n\nRows that are the same on both, or were asked on Express alone, are left out.\n\n${table(differs)}`,
    `## On other versions of Nest\n\nWhether a \`GET /orders/7\` makes the same spans there. Those of Express itself are left out. The first row is the range that each package says it supports.\n\n${table(majors)}`,
    `## One request\n\n\`POST /orders\`, as each exports it: a service reserves stock, then a payment fails, and nothing catches that. \`oncespan/console\` draws it.`,
    ...contenders.map((each) => `${each.title}:\n\n${pictureOf(each, pictures.get(each.key))}`),
  ];
  const page = readFileSync(path, 'utf8');
  const marked = /(?<=<!-- comparison-nestjs -->\n)[^]*(?=<!-- \/comparison-nestjs -->)/;
  writeFileSync(
    path,
    page.replace(marked, () => `\n${sections.map((section) => section.trim()).join('\n\n')}\n\n`),
  );
}
