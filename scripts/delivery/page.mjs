// The tables in docs/delivery.md, between their marks; the text around them is written by hand.

import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, type } from 'node:os';
import { installedVersion } from '../consumer.mjs';
import { lostByFormula } from './load.mjs';

export const percent = (share) => `${(share * 100).toFixed(1)} %`;

export function writePage(path, { atOnce, cells, contestants, seconds, loadBefore }) {
  const parts = {
    measured: measured(seconds, loadBefore),
    'at-once': table(Object.keys(atOnce[0]), atOnce.map(Object.values)),
    load: loadTable(cells, contestants),
    remarks: remarks(cells),
  };
  let text = readFileSync(path, 'utf8');
  for (const [mark, content] of Object.entries(parts)) {
    const between = new RegExp(`(<!-- ${mark} -->)[^]*(<!-- /${mark} -->)`);
    text = text.replace(between, (_, open, close) => `${open}\n${content}\n${close}`);
  }
  writeFileSync(path, text);
}

function measured(seconds, loadBefore) {
  const versions = ['@opentelemetry/sdk-trace', '@opentelemetry/exporter-trace-otlp-proto'].map(
    (name) => `\`${name}\` ${installedVersion(name)}`,
  );
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)}, with ${seconds} s of load in each cell; load average before it: ${loadBefore.toFixed(1)}.`,
    `${type()}, ${availableParallelism()} cores (${cpus()[0].model}), Node ${process.version}, ${versions.join(', ')}.`,
  ].join('\n');
}

/** What we lose and the SDK's own processor keeps comes first, the worst on top: with overlapping exports, then without. */
function loadTable(cells, contestants) {
  const ours = contestants.filter(({ concurrency }) => concurrency !== undefined);
  const rank = (cell) => ours.map(({ name }) => Math.max(0, behind(cell, name))).toReversed();
  const sorted = cells.toSorted((a, b) => {
    const [ofA, ofB] = [rank(a), rank(b)];
    return ofB.map((tenths, i) => tenths - ofA[i]).find((difference) => difference !== 0) ?? 0;
  });
  const heads = [
    'spans/s',
    'round trip',
    'flushes/s',
    ...contestants.map(({ name }) => name),
    ...ours.map(({ concurrency }) => `formula for ${concurrency}`),
  ];
  const rows = sorted.map((cell) => [
    cell.load.rate.toLocaleString('en'),
    `${cell.load.roundTripMs} ms`,
    cell.load.flushes || '–',
    ...contestants.map(({ name }) => lostIn(cell, name)),
    ...ours.map(({ concurrency }) => percent(lostByFormula(cell.load, concurrency))),
  ]);
  return table(heads, rows);
}

/** How many tenths of a percent more one of ours loses than the best of the SDK's to its left. */
function behind({ runs }, name) {
  const tenths = ({ lost }) => Math.round(lost * 1000);
  const index = runs.findIndex(({ contestant }) => contestant.name === name);
  const theirs = runs.slice(0, index).filter(({ contestant }) => contestant.concurrency === undefined);
  return tenths(runs[index]) - Math.min(...theirs.map(tenths));
}

function lostIn(cell, name) {
  const run = cell.runs.find(({ contestant }) => contestant.name === name);
  if (run === undefined) return '–';
  const text = `${percent(run.lost)} (${run.mostInFlight})${keepsRate(run.rateKept) ? '' : ' †'}`;
  return run.contestant.concurrency !== undefined && behind(cell, name) > 0 ? `**${text}**` : text;
}

const keepsRate = (rateKept) => rateKept >= 0.95;

function remarks(cells) {
  const runs = cells.flatMap((cell) => cell.runs);
  const duplicates = runs.reduce((sum, run) => sum + run.duplicates, 0);
  const slow = runs.filter(({ rateKept }) => !keepsRate(rateKept));
  return [
    `Spans that arrived twice: ${duplicates}, of ${runs.reduce((sum, { ended }) => sum + ended, 0).toLocaleString('en')}.`,
    slow.length === 0
      ? 'The generator kept the rate in every cell, to within 5 %.'
      : `† The generator did not keep the rate: in ${slow.length} cells, ${percent(Math.min(...slow.map(({ rateKept }) => rateKept)))} of it in the worst.`,
  ].join('\n');
}

function table(heads, rows) {
  return [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
