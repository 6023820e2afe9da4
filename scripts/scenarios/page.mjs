// docs/scenarios.md, as the last full run has it.

import { writeFileSync } from 'node:fs';
import { SUITES } from './suites.mjs';

const HEAD = `# The scenarios of the other SDKs' processor suites

Written by \`npm run scenarios\`: do not edit. OpenTelemetry's own SDKs test their batch span processors. What their suites expect, as far
as it says something about a processor in JavaScript, is here as scenarios of our own, run against the processor of the JavaScript SDK
and against \`SerialBatchSpanProcessor\`. Time passes, and exporters answer, when the scenario says so. ✓: it does what the suite
expects. ✗: it does not. –: it has no such option (the environment variables of the stock processor are NodeSDK's to read). The last
column names the test of ours that holds us to it.

Left out is what has no counterpart here (threads, forks, runtimes, blocking when the queue is full, hidden pages of a browser), what is
private to a suite's own classes, and what the suites, or the specification, disagree on: C++ reads durations with units from the
variables; Go works without an exporter; Python and .NET refuse a delay of zero and a batch larger than the queue, and .NET a negative
limit of a flush; for C++ and Rust a flush succeeds that covers spans which were dropped; JS counts a batch that was refused by the name
of its error.
`;

const MARKS = { holds: '✓', fails: '✗', lacks: '–' };
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const tableRow = (cells) => `| ${cells.map(cell).join(' | ')} |`;

export function tally(rows, contestant) {
  const outcomes = rows.map(({ results }) => results[contestant].outcome);
  const run = outcomes.filter((outcome) => outcome !== 'lacks').length;
  return `${outcomes.filter((outcome) => outcome === 'holds').length} of ${run}`;
}

export function writePage(path, groups) {
  const rows = groups.flatMap(({ rows: ofGroup }) => ofGroup);
  const sections = [
    HEAD,
    `Of the scenarios that each can run, ours holds ${tally(rows, 'ours')}, the stock processor ${tally(rows, 'stock')}.\n`,
    reasons('Where ours does not', rows, 'ours'),
    ...groups.map(({ title, rows: ofGroup }) => `## ${title}\n\n${table(ofGroup)}\n`),
    reasons('Where the stock processor does not', rows, 'stock'),
    Object.entries(SUITES)
      .map(([suite, url]) => `[${suite}]: ${url}\n`)
      .join(''),
  ];
  writeFileSync(path, sections.filter(Boolean).join('\n'));
}

function table(rows) {
  const lines = rows.map(({ scenario, results }) => [
    scenario.name,
    scenario.from.map((suite) => `[${suite}]`).join(' '),
    MARKS[results.stock.outcome],
    MARKS[results.ours.outcome],
    scenario.here ?? '–',
  ]);
  const heads = ['Scenario', 'From', 'Stock', 'Ours', 'Test'];
  return [heads, heads.map(() => '---'), ...lines].map(tableRow).join('\n');
}

function reasons(title, rows, contestant) {
  const failed = rows.filter(({ results }) => results[contestant].outcome === 'fails');
  if (failed.length === 0) return '';
  const lines = failed.map(({ scenario, results }) => {
    const why = scenario.onPurpose === undefined ? '' : `. On purpose: ${scenario.onPurpose}`;
    return tableRow([scenario.name, results[contestant].reason + why]);
  });
  return `## ${title}\n\n| Scenario | What happens |\n| --- | --- |\n${lines.join('\n')}\n`;
}
