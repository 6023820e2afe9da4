// npm run proof [-- WORD…]: runs what we believe the library by, from the quickest to the longest, and writes what came of it into
// docs/proof.md, and the README's extract. WORD: only the parts whose command contains it; the page keeps what the others said last (docs/proof.json).

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, type } from 'node:os';
import { join } from 'node:path';
import { installedVersion, ROOT } from './consumer.mjs';

const RESULTS = join(ROOT, 'docs/proof.json');
const PAGE = join(ROOT, 'docs/proof.md');
const README = join(ROOT, 'README.md');

/** What a command prints, as a table's row or a closing line, is quoted: no figure stands in this file. */
const quote = (pattern) => (output) => {
  const found = Array.from(output.matchAll(pattern), (groups) => groups.slice(1).join(' '));
  return found.join('; ').trim();
};

/** Rows of a Markdown table of ratios whose budget was missed, and how many were measured. */
function ratios(output) {
  const rows = Array.from(output.matchAll(/^\| (?!-|Case|Spans)(.*) \|$/gm), ([, row]) => row.split(' | '));
  if (rows.length === 0) return '';
  const missed = rows.filter((row) => row.at(-1).endsWith('missed'));
  const told = missed.map((row) => {
    // Case, ours, to, theirs, ratio, spread, budget; before them, for NestJS, what it costs without.
    const [ratio, , budget] = row.slice(-3);
    return `${row[0]} / ${row.at(-5)} ${ratio} (budget ${budget.replace(', missed', '')})`;
  });
  return `${rows.length} rows, ${missed.length} over their budget${told.length > 0 ? `: ${told.join('; ')}` : ''}`;
}

/**
 * `inReadme`: what somebody wants to know who has a minute.
 *
 * @type {{ claim: string, command: string, page?: string, inReadme?: true, seen: (output: string) => string }[]}
 */
const PARTS = [
  {
    claim: 'What an import costs a bundle, minified and gzipped',
    command: 'npm run package',
    seen: quote(/^size of (.+: \d+ B)/gm),
  },
  {
    claim: 'What a call costs, beside what people write by hand',
    command: 'npm run bench',
    page: 'comparison.md#every-kind-of-call',
    seen: ratios,
  },
  {
    claim: 'What a request of NestJS costs',
    command: 'npm run bench:nestjs',
    page: 'comparison.md#a-request-of-nestjs',
    seen: ratios,
  },
  {
    claim: 'What a million calls of each kind leave in memory: megabytes, live spans, timers',
    command: 'npm run --prefix bench memory',
    seen: quote(/│ \d+ +│ '(.+?)' +│ ('[-\d.]+') +│ (\d+) +│ (\d+) +│ '(ok|OVER)' +│/g),
  },
  {
    claim: 'How others treat what functions return',
    command: 'npm run comparison',
    page: 'comparison.md#what-becomes-of-a-call',
    seen: unharmed,
  },
  {
    claim: 'Endings, compared with a model that shares no line with the library',
    command: 'npm run endings',
    inReadme: true,
    page: 'endings.md',
    seen: quote(/^(\d+ random endings: .*)$/gm),
  },
  {
    claim: 'What the batch processor suites of the other SDKs expect of a processor',
    command: 'npm run scenarios',
    page: 'scenarios.md',
    seen: quote(/^(ours: .*)$/gm),
  },
  {
    claim: 'Processes that end in every way, fifty times each',
    command: 'npm run rounds',
    page: 'flushing.md',
    seen: quote(/^ *Tests +(.*)$/gm),
  },
  {
    claim:
      'Five minutes of random work against a receiver that misbehaves in turn: every span is accounted for',
    command: 'npm run soak -- 300',
    page: 'delivery.md',
    seen: soaked,
  },
  {
    claim: 'The suite: on SDK 3, most of it on SDK 2, and in both dialects of decorators',
    command: 'npm test',
    seen: quote(/^ *Tests +(.*)$/gm),
  },
  {
    claim: 'Suites of libraries, plain and traced',
    command: 'npm run transparency',
    inReadme: true,
    page: 'transparency.md',
    seen: quote(/^(\d+ of \d+ libraries notice nothing)$/gm),
  },
  {
    claim: 'What arrives of tasks that end and flush at once',
    command: 'npm run delivery',
    inReadme: true,
    page: 'delivery.md#measured',
    seen: atOnce,
  },
  {
    claim: 'Hosts, runners, compilers, bundlers and providers',
    command: 'npm run compat',
    inReadme: true,
    page: 'hosts.md#what-is-tried',
    seen: quote(/^(\d+ of \d+ rows behave)$/gm),
  },
  {
    claim: 'Small changes to the code that the suite notices',
    command: 'npm run mutants',
    inReadme: true,
    page: '../CONTRIBUTING.md#mutants',
    seen: quote(/^all: (.*)$/gm),
  },
];

const words = process.argv.slice(2);
const unknown = words.find((word) => !PARTS.some(({ command }) => command.includes(word)));
if (unknown !== undefined) throw new Error(`no command contains "${unknown}"`);
const results = JSON.parse(readFileSync(RESULTS, 'utf8'));
for (const { command, seen } of PARTS) {
  if (words.length > 0 && !words.some((word) => command.includes(word))) continue;
  console.log(`\n$ ${command}`);
  const began = Date.now();
  // What is cut off has proved nothing.
  record(command, false, 'was interrupted', began);
  const { output, code } = await run(command);
  const said = seen(output);
  const ok = code === 0 && said !== '';
  record(command, ok, said || 'nothing was printed that is looked for', began);
  if (!ok) process.exitCode = 1;
}

/** Writes the page after each command: a run of an hour may be cut. */
function record(command, ok, said, began) {
  results[command] = {
    seen: said,
    ok,
    seconds: Math.round((Date.now() - began) / 1000),
    on: new Date().toISOString().slice(0, 10),
    where: `${type()}, ${availableParallelism()} cores (${cpus()[0].model}), Node ${process.version}`,
  };
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(PAGE, pageOf(results));
  const readme = readFileSync(README, 'utf8');
  const extract = () => extractOf(results);
  writeFileSync(README, readme.replace(/(?<=<!-- proof -->\n)[^]*(?=<!-- \/proof -->)/, extract));
}

/** Runs it in sight of who waits. */
async function run(command) {
  const child = spawn(command, {
    cwd: ROOT,
    shell: true,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  let output = '';
  for (const [stream, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    stream.on('data', (chunk) => {
      output += chunk;
      to.write(chunk);
    });
  }
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { output, code };
}

function pageOf(all) {
  const rows = PARTS.map(({ claim, command, page }) => {
    const result = all[command];
    const linked = page === undefined ? claim : `[${claim}](${page})`;
    if (result === undefined) return [linked, 'not run yet', `\`${command}\``, '', ''];
    return [linked, outcomeOf(result), `\`${command}\``, timeOf(result.seconds), result.on];
  });
  const machines = new Set(Object.values(all).map(({ where }) => where));
  const sum = Object.values(all).reduce((total, { seconds }) => total + seconds, 0);
  return `# Proof: what we run to believe it

Written by \`npm run proof\`: do not edit. Every figure is what the command printed when it ran last.

${[['What', 'What came of it', 'Command', 'Took', 'On'], ['---', '---', '---', '---', '---'], ...rows]
  .map((cells) => `| ${cells.join(' | ')} |`)
  .join('\n')}

${Object.keys(all).length} of ${PARTS.length} commands have run; together they took ${timeOf(sum)}, on ${Array.from(machines).join(' and ')},
with ${versions().join(', ')}.

What a command compares or expects stands on the page that its row leads to, with what does not hold. \`npm run proof -- endings soak\` runs
these two.
`;
}

function outcomeOf({ ok, seen }) {
  return ok ? seen : `**failed**: ${seen}`;
}

function extractOf(all) {
  const quoted = PARTS.filter(({ command, inReadme }) => inReadme && all[command] !== undefined);
  return `\n${quoted.map(({ claim, command }) => `- ${claim}: ${outcomeOf(all[command])}\n`).join('')}\n`;
}

function versions() {
  return [
    ['@opentelemetry/api', '@opentelemetry/api'],
    ['@opentelemetry/sdk-trace', '@opentelemetry/sdk-trace'],
    ['@opentelemetry/sdk-trace', 'sdk-trace-2'],
    ['@nestjs/core', '@nestjs/core'],
  ].map(([name, folder]) => `\`${name}\` ${installedVersion(folder)}`);
}

function timeOf(seconds) {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Of the comparison's first table: kinds of results that each contender treats well in all three respects. */
function unharmed(output) {
  const table = /^\| returns .*(?:\n\|.*)*/m.exec(output)?.[0];
  if (table === undefined) return '';
  const [head, , ...rows] = table.split('\n').map((line) => line.split(' | '));
  const well = (column) => rows.filter((row) => !row[column].includes('✗')).length;
  return `of ${rows.length} kinds, treated well: ${head
    .slice(1)
    .map((name, at) => `${name.replace(' |', '')} ${well(at + 1)}`)
    .join(', ')}`;
}

/** The table of tasks that end and flush at once. */
function atOnce(output) {
  const rows = output.matchAll(/│ \d+ +│ (['"])(.+?)\1 +│ (\d+) +│ (\d+) +│/g);
  return Array.from(rows, ([, , name, tasks, arrived]) => `${name}: ${arrived} of ${tasks} arrived`).join(
    '; ',
  );
}

/** The counts of the first table, and of the second what does not hold. */
function soaked(output) {
  const cellsOf = (line) =>
    line
      .split('│')
      .slice(2, -1)
      .map((cell) => cell.trim());
  const lines = output.split('\n').filter((line) => line.startsWith('│'));
  const [names, counts] = lines.map(cellsOf);
  const broken = lines.filter((line) => / false +│$/.test(line)).map((line) => line.split('│')[1].trim());
  const told = names?.map((name, at) => `${name} ${counts[at]}`).join(', ') ?? '';
  return broken.length > 0 ? `${told}; does not hold: ${broken.join(', ')}` : told;
}
