// npm run compat [-- WORD…]: what is packed, installed into a fresh project for each host, compiler, runner, bundler and
// provider, has to behave (scripts/compat/behaviour.mjs). WORD: only the rows whose `group: name` contains it. When all rows have
// run, the table in docs/hosts.md is written.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, inParallel, projectFor, ROOT, withTarball } from './consumer.mjs';
import { BUNDLERS } from './compat/rows/bundlers.mjs';
import { COMPILERS } from './compat/rows/compilers.mjs';
import { NEST } from './compat/rows/nest.mjs';
import { NODE } from './compat/rows/node.mjs';
import { PROVIDERS } from './compat/rows/providers.mjs';
import { RUNNERS } from './compat/rows/runners.mjs';
import { RUNTIMES } from './compat/rows/runtimes.mjs';
import { STARTERS } from './compat/rows/starters.mjs';

/**
 * A row of the table: `run`, a shell command, in a project with the packages `needs` and the `files` of scripts/compat.
 *
 * @typedef {{ name: string, needs: string[], files?: string[], run: string }} Row
 */

/** By heading. */
const GROUPS = {
  Node: NODE,
  'Other runtimes': RUNTIMES,
  'Test runners': RUNNERS,
  Compilers: COMPILERS,
  Bundlers: BUNDLERS,
  'Nest projects': STARTERS,
  Providers: PROVIDERS,
  NestJS: NEST,
};

const words = process.argv.slice(2);
const rows = Object.entries(GROUPS)
  .flatMap(([group, members]) => members.map((row) => ({ ...row, group })))
  .filter(
    ({ group, name }) => words.length === 0 || words.some((word) => `${group}: ${name}`.includes(word)),
  );

const results = new Map();
await withTarball(async (tarball) => {
  // Rows that need the same share a project.
  await inParallel(new Set(rows.map((row) => row.needs.join(' '))), (needs) =>
    inFolder(async (folder) => {
      const inProject = await projectFor(tarball, folder, needs.split(' '));
      for (const row of rows.filter((other) => other.needs.join(' ') === needs)) {
        const { ok, said } = await inProject(row);
        results.set(row, ok);
        console.log(
          ok ? `behaves  ${row.name}` : `FAILS    ${row.name}\n${said.replaceAll(/^/gm, '         ')}`,
        );
      }
    }),
  );
});

const failed = [...results.values()].filter((ok) => !ok).length;
console.log(`${results.size - failed} of ${results.size} rows behave`);
if (words.length === 0) writeTable();
process.exitCode = failed === 0 ? 0 : 1;

function writeTable() {
  const page = join(ROOT, 'docs/hosts.md');
  if (!existsSync(page)) return;
  const lines = rows.map((row) => `| ${row.group} | ${row.name} | ${results.get(row) ? '✓' : '✗'} |`);
  const table = ['|  | tried | behaves |', '| --- | --- | --- |', ...lines].join('\n');
  const text = readFileSync(page, 'utf8');
  writeFileSync(page, text.replace(/(<!-- compat -->)[^]*(<!-- \/compat -->)/, `$1\n${table}\n$2`));
}
