// npm run transparency [-- WORD…]: suites of libraries, plain and with every function under test traced, in a process each: nothing
// that they can see may differ (scripts/transparency). Fails when something does that docs/transparency.md does not list yet. WORD:
// only the libraries whose name contains it. When all have run, that page is written.

import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, inParallel, INSTALL, ROOT, run, withTarball } from './consumer.mjs';
import { ALWAYS, LIBRARIES } from './transparency/libraries.mjs';
import { MODES } from './transparency/modes.mjs';
import { differingChecks, writePage } from './transparency/page.mjs';

const LIMIT_MS = 120_000;

const PAGE = join(ROOT, 'docs/transparency.md');

const words = process.argv.slice(2);
const libraries = LIBRARIES.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
);

const rows = [];
await withTarball((tarball) =>
  inFolder(async (folder) => {
    await install(folder, tarball);
    const runs = libraries.flatMap((library) => Object.keys(MODES).map((mode) => ({ library, mode })));
    const outcomes = new Map(libraries.map((library) => [library, {}]));
    await inParallel(runs, async ({ library, mode }) => {
      outcomes.get(library)[mode] = await runOne(folder, library, mode);
      if (Object.keys(outcomes.get(library)).length < Object.keys(MODES).length) return;
      const row = compare(library, folder, outcomes.get(library));
      await confirm(row, folder);
      rows.push(row);
      tell(row);
    });
  }),
);

rows.sort((a, b) => LIBRARIES.indexOf(a.library) - LIBRARIES.indexOf(b.library));
const transparent = rows.filter(({ isTransparent }) => isTransparent).length;
console.log(`${transparent} of ${rows.length} libraries notice nothing`);
const listed = readFileSync(PAGE, 'utf8').split('\n');
const added = differingChecks(rows).filter((line) => !listed.includes(line));
for (const line of added) console.log(`not on the page yet: ${line}`);
if (words.length === 0) writePage(PAGE, rows);
process.exitCode = added.length === 0 ? 0 : 1;

/** One project for all: they share what is under them, as they would in an application. */
async function install(folder, tarball) {
  cpSync(join(ROOT, 'scripts/transparency'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const needs = new Set([...ALWAYS, ...libraries.flatMap((library) => library.needs)]);
  await run('npm', [...INSTALL, '--legacy-peer-deps', '--ignore-scripts', tarball, ...needs], folder);
}

/** @returns what scripts/transparency/run.mjs has written, or `failed`, what it said when it has not */
function runOne(folder, { file }, mode) {
  const into = join(folder, `${file}.${mode}.json`);
  const args = ['--expose-gc', '--no-deprecation', 'run.mjs', file, mode, into];
  const env = { ...process.env };
  delete env.NODE_OPTIONS;
  return new Promise((resolve) => {
    const limits = { timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 };
    execFile(process.execPath, args, { cwd: folder, env, ...limits }, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(readFileSync(into, 'utf8')));
      } catch {
        resolve({ failed: `${error?.message ?? 'wrote nothing'}\n${stdout}${stderr}`.slice(-1500) });
      }
    });
  });
}

function compare(library, folder, outcomes) {
  const { plain } = outcomes;
  const { version } = JSON.parse(
    readFileSync(join(folder, 'node_modules', library.of, 'package.json'), 'utf8'),
  );
  const row = {
    library,
    version,
    checks: plain.results?.length ?? 0,
    differing: {},
    sampled: outcomes.sampled,
  };
  for (const mode of Object.keys(MODES).filter((other) => other !== 'plain')) {
    row.differing[mode] = differences(plain, outcomes[mode]);
  }
  return row;
}

/** Runs again what differs: only what differs twice does so for any other reason than the time that things took. */
async function confirm(row, folder) {
  const modes = Object.keys(row.differing).filter((mode) => row.differing[mode].length > 0);
  const plain = modes.length > 0 && (await runOne(folder, row.library, 'plain'));
  for (const mode of modes) {
    const again = differences(plain, await runOne(folder, row.library, mode));
    const names = new Set(again.map(({ name }) => name));
    row.differing[mode] = row.differing[mode].filter(({ name }) => names.has(name));
  }
  row.isTransparent = Object.values(row.differing).every((list) => list.length === 0);
}

/** @returns `{ name, plain, traced }` of each check that differs, also of what has to be true of the spans */
function differences(plain, traced) {
  const failed = plain.failed ?? traced.failed;
  if (failed !== undefined) return [{ name: 'the run itself', plain: plain.failed ?? 'ran', traced: failed }];
  const [before, after] = [plain, traced].map(({ results }) => new Map(results));
  const list = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(name) ?? '(not there)', after.get(name) ?? '(not there)'];
    if (a !== b) list.push({ name, plain: a, traced: b });
  }
  if (traced.started !== traced.ended) {
    list.push({
      name: 'spans started and ended',
      plain: String(traced.started),
      traced: String(traced.ended),
    });
  }
  if (traced.live.length > 0) {
    list.push({ name: 'live spans at the end', plain: 'none', traced: traced.live.slice(0, 10).join(', ') });
  }
  return list;
}

function tell({ library, isTransparent, checks, differing, sampled }) {
  console.log(
    `${isTransparent ? 'same   ' : 'DIFFERS'}  ${library.name}: ${checks} checks, ${sampled?.ended} spans`,
  );
  for (const [mode, list] of Object.entries(differing)) {
    for (const { name, plain, traced } of list) {
      console.log(
        `         ${MODES[mode]}: ${name}\n${indented('plain ', plain)}\n${indented('traced', traced)}`,
      );
    }
  }
}

function indented(label, text) {
  return `           ${label}  ${text.slice(0, 1500).replaceAll('\n', '\n                   ')}`;
}
