// Mutation testing: small changes to the source, one at a time, and whether a test notices. `npm run mutants` tries a sample.
//
//   --sample=700    how many, of all that the rules in mutants/operators.mjs know
//   --seed=16       which
//   --only=<text>   those of the files whose path has it; with --sample=all, all of them
//   --slots=2       how many at once
//   --show=<id>     prints one, and ends
//
// Writes node_modules/.cache/oncespan/mutants.json. Fails when the score is below 95 %, or a survivor is not listed in
// mutants/survivors.json with why no test can notice it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openRunner } from './mutants/runner.mjs';
import { allMutants, makeSandbox } from './mutants/sandbox.mjs';

const LEAST_SCORE = 95;

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'node_modules/.cache/oncespan/mutants.json');
const { values: options } = parseArgs({
  options: {
    sample: { type: 'string', default: '700' },
    seed: { type: 'string', default: '16' },
    only: { type: 'string' },
    ids: { type: 'string' },
    slots: { type: 'string', default: '2' },
    coverage: { type: 'string' },
  },
});

const began = Date.now();
const seconds = () => Math.round((Date.now() - began) / 1000);
const say = (line) => process.stdout.write(`${line}\n`);

const sources = new Map();
function described({ id, file, start, end, operator, replacement }) {
  if (!sources.has(file)) sources.set(file, readFileSync(join(root, file), 'utf8'));
  const source = sources.get(file);
  const before = source.slice(0, start);
  const line = before.split('\n').length;
  const short = (text) => text.replace(/\s+/g, ' ');
  const code = source.split('\n')[line - 1].trim();
  return {
    id,
    file,
    line,
    column: start - before.lastIndexOf('\n'),
    operator,
    code,
    original: short(source.slice(start, end)),
    replacement: short(replacement),
  };
}

/** `count` of `all`, in their order. By what each is and not by its place, so that a change elsewhere leaves the sample as it is. */
function sampleOf(all, count, seed) {
  const times = new Map();
  return all
    .map((mutant) => {
      const { file, code, operator, original, replacement } = described(mutant);
      const what = [seed, file, code, operator, original, replacement].join('\n');
      times.set(what, (times.get(what) ?? 0) + 1);
      return {
        mutant,
        key: createHash('sha256')
          .update(`${what}\n${times.get(what)}`)
          .digest('hex'),
      };
    })
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, count)
    .map(({ mutant }) => mutant)
    .toSorted((a, b) => a.id - b.id);
}

const mutants = allMutants(root);
const wanted = options.ids
  ? mutants.filter(({ id }) => options.ids.split(',').map(Number).includes(id))
  : mutants.filter(({ file }) => options.only === undefined || file.includes(options.only));
const sample =
  options.sample === 'all' ? wanted : sampleOf(wanted, Number(options.sample), Number(options.seed));
say(`${sample.length} of ${mutants.length} mutants, seed ${options.seed}`);

const sandbox = makeSandbox(root, mutants);
const runners = [];
const open = (name, how) => {
  const runner = openRunner(sandbox.path, name, how);
  runners.push(runner);
  return runner;
};
process.on('exit', () => {
  for (const runner of runners) runner.kill();
  sandbox.remove();
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Which tests come across which mutants, and that all of them pass without one. */
async function dryRun(known = []) {
  const count = Number(options.slots);
  const dry = Array.from({ length: count }, (_, n) => open(`dry-${n}`, { dry: true }));
  const [all] = await Promise.all(dry.map((runner) => runner.start()));
  const done = new Set(known.map(({ project, file }) => `${project} ${file}`));
  const queue = all.filter(({ project, file }) => !done.has(`${project} ${file}`));
  const seen = known;
  await Promise.all(
    dry.map(async (runner) => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const answer = await runner.run({ on: -1, files: [file] });
        seen.push(...answer.seen);
        const failed = answer.seen.filter(({ state }) => state === 'failed');
        const problems = [...answer.errors, ...failed.map(({ name, error }) => `${name}: ${error}`)];
        if (problems.length > 0 || answer.hangs)
          throw new Error(`${file.project}: ${file.file} fails without a mutant: ${problems.join('\n')}`);
      }
      runner.kill();
    }),
  );
  return seen;
}

let known = [];
if (options.coverage && existsSync(options.coverage)) {
  known = JSON.parse(readFileSync(options.coverage, 'utf8'));
  for (const test of known) test.file = join(sandbox.path, test.path);
}
const seen = await dryRun(known);
for (const test of seen) test.path = relative(sandbox.path, test.file);
if (options.coverage) writeFileSync(options.coverage, JSON.stringify(seen));
say(`${seen.length} tests pass without a mutant, after ${seconds()} s`);

/** By mutant, the tests that come across it. */
const reaching = new Map();
for (const tests of Map.groupBy(seen, ({ project, path }) => `${project} ${path}`).values()) {
  const loaded = new Set(tests.flatMap(({ meta }) => meta.loaded ?? []));
  for (const test of tests) {
    for (const id of new Set([...(test.meta.hit ?? []), ...loaded])) {
      if (!reaching.has(id)) reaching.set(id, []);
      reaching.get(id).push(test);
    }
  }
}

/** The files to run for a mutant, the quickest first. */
function filesFor(tests) {
  return Array.from(Map.groupBy(tests, ({ project, file }) => `${project} ${file}`).values(), (ofFile) => ({
    project: ofFile[0].project,
    file: ofFile[0].file,
    ids: ofFile.map(({ id }) => id),
    ms: ofFile.reduce((sum, { ms }) => sum + ms, 0),
  })).toSorted((a, b) => a.ms - b.ms);
}

/** The first test that fails with a mutant. */
async function killerOf(mutant, runner) {
  const files = filesFor(reaching.get(mutant.id) ?? []);
  const steps = ['together', 'legacy'].map((name) => files.filter(({ project }) => project === name));
  for (const file of files) if (file.project === 'alone') steps.push([file]);
  for (const step of steps) {
    if (step.length === 0) continue;
    const { seen: ran, errors, hangs } = await runner.run({ on: mutant.id, files: step });
    if (hangs) return { by: 'hangs' };
    const failed = ran.find(({ state }) => state === 'failed');
    if (failed)
      return {
        by: `${relative(sandbox.path, failed.file)} > ${failed.name}`,
        error: failed.error?.slice(0, 200),
      };
    if (errors.length > 0) return { by: `error: ${errors[0].slice(0, 200)}` };
  }
  return undefined;
}

/** Files that share a process must pass there, too. */
async function passTogether() {
  const runner = open('together');
  const {
    seen: ran,
    errors,
    hangs,
  } = await runner.run({
    on: -1,
    files: filesFor(seen.filter(({ project }) => project !== 'alone')),
  });
  const failed = ran.filter(({ state }) => state === 'failed');
  runner.kill();
  if (hangs || errors.length > 0 || failed.length > 0)
    throw new Error(`without a mutant, in one process: ${JSON.stringify([...errors, ...failed])}`);
}

await passTogether();
const results = [];
const queue = sample.slice();
await Promise.all(
  Array.from({ length: Number(options.slots) }, async (_, n) => {
    const runner = open(`slot-${n}`);
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const from = Date.now();
      const killed = await killerOf(mutant, runner);
      const reached = reaching.has(mutant.id);
      results.push({
        ...described(mutant),
        status: killed ? 'killed' : 'survived',
        by: killed?.by,
        error: killed?.error,
        reached,
        ms: Date.now() - from,
      });
      if (!killed) {
        const { file, line, original, replacement } = described(mutant);
        say(
          `survived ${mutant.id} ${file}:${line}: ${original} -> ${replacement || '(removed)'}${reached ? '' : ' (no test reaches it)'}`,
        );
      }
      if (results.length % 50 === 0) say(`${results.length} tried, after ${seconds()} s`);
    }
    runner.kill();
  }),
);
results.sort((a, b) => a.id - b.id);
mkdirSync(dirname(output), { recursive: true });
const survived = results.filter(({ status }) => status === 'survived');
const score = (list) =>
  (100 * (list.length - list.filter(({ status }) => status === 'survived').length)) / list.length;
writeFileSync(
  output,
  JSON.stringify(
    {
      seed: Number(options.seed),
      total: mutants.length,
      sample: results.length,
      killed: results.length - survived.length,
      score: score(results),
      seconds: seconds(),
      results,
    },
    null,
    1,
  ),
);
for (const [folder, list] of Map.groupBy(results, ({ file }) => file.split('/').slice(0, 2).join('/')))
  say(`${folder}: ${score(list).toFixed(1)} % of ${list.length}`);
say(
  `score ${score(results).toFixed(1)} % of ${results.length}, ${survived.length} survived, in ${seconds()} s`,
);
