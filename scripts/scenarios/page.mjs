// docs/scenarios.md, as the last full run has it.

import { writeFileSync } from 'node:fs';
import { SUITES } from './suites.mjs';

const INTRODUCTION = `# The scenarios of the other SDKs' processor suites

OpenTelemetry has an SDK for each language, and each tests its batch span processor: what queues ended spans and exports them. We have read
those suites and written what they expect as scenarios of our own, as far as it says something about a processor in JavaScript. Each
scenario runs against \`BatchSpanProcessor\` of the JavaScript SDK, here called the stock processor, and against \`SerialBatchSpanProcessor\`
of oncespan, here called ours.
`;

const READING = `\`npm run scenarios\` writes this page: do not edit it. Time passes, and exporters answer, when the scenario says so.

| Mark | The processor |
| --- | --- |
| ✓ | does what the suite expects |
| ✗ | does not |
| – | has no such option. (The environment variables of the stock processor are read by NodeSDK, not by the processor.) |

The column _Test_ names the test of ours that holds us to the scenario.

Left out is:

- what has no counterpart here: threads, forks, runtimes, blocking when the queue is full, hidden pages of a browser;
- what is private to a suite's own classes;
- what the suites, or the specification, disagree on:

| SDK | What it expects, unlike others |
| --- | --- |
| C++ | durations with units in the variables |
| Go | a processor without an exporter works |
| Python, .NET | a delay of zero, and a batch larger than the queue, are refused |
| .NET | a negative limit of a flush is refused |
| C++, Rust | a flush that covers dropped spans succeeds |
| JS | a batch that was refused is counted by the name of its error |
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
    INTRODUCTION,
    `Of the scenarios that each processor can run, ours holds ${tally(rows, 'ours')}, the stock processor ${tally(rows, 'stock')}.\n`,
    READING,
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
