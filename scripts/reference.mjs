// Writes the API reference, docs/api: a page for each entry of the package, of its exports and their docstrings. With
// `--check` it writes nothing, and fails where the pages or the docstrings fall short.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exampleWriter } from './reference/examples.mjs';
import { formatTypes } from './reference/format.mjs';
import { contentsPage, entryPage } from './reference/page.mjs';
import { readPublicNames } from './reference/public-names.mjs';
import { shortcomings } from './reference/shortcomings.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs/api');

const entries = readPublicNames(root);
const problems = shortcomings(entries);
if (problems.length === 0) {
  const pages = await writePages();
  if (process.argv.includes('--check')) problems.push(...differences(pages));
  else {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of pages) writeFileSync(join(folder, name), text);
  }
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
}

async function writePages() {
  await formatTypes(root, entries);
  const writeExample = exampleWriter(root, entries);
  const ofEntries = entries.map((entry) => [entry.page, entryPage(entry, entries, writeExample)]);
  return new Map([['README.md', contentsPage(entries)], ...ofEntries]);
}

function differences(pages) {
  const names = readdirSync(folder);
  const isOld = (name) =>
    !names.includes(name) || readFileSync(join(folder, name), 'utf8') !== pages.get(name);
  return [
    ...[...pages.keys()]
      .filter(isOld)
      .map((name) => `docs/api/${name} is not what \`npm run reference\` writes`),
    ...names.filter((name) => !pages.has(name)).map((name) => `docs/api/${name} is of no entry`),
  ];
}
