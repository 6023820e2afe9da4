// Writes the API reference, docs/api: a page for each entry of the package, of its exports and their docstrings. With
// `--check` it writes nothing, and fails where the pages or the docstrings fall short.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { exampleWriter } from './reference/examples.mjs';
import { contentsPage, entryPage } from './reference/page.mjs';
import { readPublicNames } from './reference/public-names.mjs';
import { shortcomings } from './reference/shortcomings.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs/api');

const entries = readPublicNames(root);
for (const item of entries.flatMap(({ items }) => items)) item.declared = await declaration(item);
const problems = shortcomings(entries);
const pages = new Map();
if (problems.length === 0) {
  const writeExample = exampleWriter(root, entries);
  pages.set('README.md', contentsPage(entries));
  for (const entry of entries) pages.set(entry.page, entryPage(entry, entries, writeExample));
}

/** As it would stand in a program. */
async function declaration({ name, kind, signatures }) {
  if (signatures.length === 0) return undefined;
  const before = { function: 'function ', class: `class ${name} { `, type: '' }[kind];
  const code = signatures
    .map((signature) => `${before}${signature};${kind === 'class' ? ' }' : ''}`)
    .join('\n');
  const style = await resolveConfig(join(root, 'package.json'));
  return (await format(code, { ...style, parser: 'typescript' })).trimEnd();
}

if (process.argv.includes('--check')) {
  const textOf = (name) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : undefined;
  for (const [name, text] of pages) {
    if (textOf(name) !== text) problems.push(`docs/api/${name} is not what \`npm run reference\` writes`);
  }
  for (const name of readdirSync(folder))
    if (!pages.has(name)) problems.push(`docs/api/${name} is of no entry`);
} else if (problems.length === 0) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
}
