// docs/transparency.md, as the last full run has it.

import { writeFileSync } from 'node:fs';
import { MODES } from './modes.mjs';

const HEAD = `# Transparency: what libraries notice

Written by \`npm run transparency\`: do not edit. It packs this library, installs it beside others, and runs a suite of each: one that
comes with the package where there is one, else one over its public API. Each runs plain, then with the functions under test traced
by \`traceTask\` and the classes by \`@Traced()\`, in three ways: without an SDK, sampled, and not sampled. A check is what one test
has seen: values, \`this\`, the number of arguments, the order of events, errors, rejections that were left unhandled. Each
has to be what it is when run plain, and each span that is started has to end: at the latest when the garbage collector finds that
its work cannot settle any more.

`;

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

export function writePage(path, rows) {
  const modes = Object.keys(MODES).filter((mode) => mode !== 'plain');
  const heads = [
    'library',
    'version',
    'checks',
    ...modes.map((mode) => MODES[mode]),
    'spans started / ended',
    'ended by collection',
  ];
  const lines = rows.map(({ library, version, checks, differing, sampled }) => {
    const same = modes.map((mode) => (differing[mode].length === 0 ? '✓' : `✗ ${differing[mode].length}`));
    const spans = sampled.failed ? '–' : `${sampled.started} / ${sampled.ended}`;
    return [library.name, version, checks, ...same, spans, sampled.abandoned ?? '–'].map(cell).join(' | ');
  });
  const table = [heads.join(' | '), heads.map(() => '---').join(' | '), ...lines].map(
    (line) => `| ${line} |`,
  );
  writeFileSync(path, `${HEAD}${table.join('\n')}\n${differingChecks(rows, modes)}`);
}

function differingChecks(rows, modes) {
  const lines = rows.flatMap(({ library, differing }) => {
    const inModes = new Map();
    for (const mode of modes) {
      for (const { name } of differing[mode]) inModes.set(name, [...(inModes.get(name) ?? []), MODES[mode]]);
    }
    return [...inModes].map(([name, where]) => `- ${library.name}: ${cell(name)} (${where.join(', ')})`);
  });
  return lines.length === 0 ? '' : `\n## What differs\n\n${lines.join('\n')}\n`;
}
