// docs/transparency.md, as the last full run has it.

import { writeFileSync } from 'node:fs';
import { MODES } from './modes.mjs';

const HEAD = `# Transparency: what libraries notice

Code that is traced has to behave as it does untraced. This page shows it of libraries: a ✗ is what one of them can see. All that was
seen is listed below the table.

\`npm run transparency\` writes this page: do not edit it.

- It packs oncespan and installs it beside the libraries.
- It runs a test suite of each: the one that comes with the package, else one over its public API.
- Each suite runs plain first. Then it runs with the functions under test traced by \`traceTask\`, and the classes by \`@Traced()\`, in
  three ways: without an SDK, with every span sampled, and with none.

| Column | |
| --- | --- |
| checks | what the tests have seen: values, \`this\`, the number of arguments, the order of events, errors, unhandled rejections |
| no SDK, sampled, not sampled | ✓: every check is what it is when run plain. ✗: so many are not |
| spans started / ended | when sampled. Both have to be the same |
| ended by collection | of these, the spans that ended because the garbage collector found that their work cannot settle any more |

## The libraries

`;

const DIFFERS = `
## What differs

Each line is one check of one library. What some names stand for:

- _identity and shape_: the class, the prototype, the properties and the methods of the promise that comes out.
- _heard inside before it comes out_: whether a rejection counts as unhandled that the function itself has heard.

`;

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

const modes = Object.keys(MODES).filter((mode) => mode !== 'plain');

export function writePage(path, rows) {
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
  writeFileSync(path, `${HEAD}${table.join('\n')}\n${whatDiffers(differingChecks(rows))}`);
}

function whatDiffers(lines) {
  return lines.length === 0 ? '' : `${DIFFERS}${lines.join('\n')}\n`;
}

/** A line of the page for each. */
export function differingChecks(rows) {
  return rows.flatMap(({ library, differing }) => {
    const inModes = new Map();
    for (const mode of modes) {
      for (const { name } of differing[mode]) inModes.set(name, [...(inModes.get(name) ?? []), MODES[mode]]);
    }
    return [...inModes].map(([name, where]) => `- ${library.name}: ${cell(name)} (${where.join(', ')})`);
  });
}
