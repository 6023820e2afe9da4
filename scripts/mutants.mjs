// Mutation testing: small changes to the source, one at a time, and whether a test notices. `npm run mutants` tries a sample.
//
//   --sample=600    how many, of all that the rules in mutants/operators.mjs know; or `all`
//   --seed=16       which
//   --only=<text>   those of the files whose path has it
//   --ids=<ids>     these, by their numbers
//   --slots=2       how many at once
//   --again         without those that were killed last time, or are listed: after tests were added, or a run was cut off
//
// The repository is not touched: what is changed and run is a copy. Writes node_modules/.cache/oncespan/mutants.json. Fails
// when the score is below 95 %, or a survivor is not listed in mutants/survivors.json with why it is left.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dryRun, killerOf, passTogether, reachOf } from './mutants/reach.mjs';
import { openRunner } from './mutants/runner.mjs';
import { describerOf, sampleOf } from './mutants/sample.mjs';
import { allMutants, makeSandbox } from './mutants/sandbox.mjs';

const LEAST_SCORE = 95;

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'node_modules/.cache/oncespan/mutants.json');
const listed = JSON.parse(readFileSync(join(root, 'scripts/mutants/survivors.json'), 'utf8'));
const { values: options } = parseArgs({
  options: {
    sample: { type: 'string', default: '600' },
    seed: { type: 'string', default: '16' },
    only: { type: 'string' },
    ids: { type: 'string' },
    slots: { type: 'string', default: '2' },
    again: { type: 'boolean', default: false },
  },
});

const began = Date.now();
const seconds = () => Math.round((Date.now() - began) / 1000);
const say = (line) => process.stdout.write(`${line}\n`);
const slots = Array.from({ length: Number(options.slots) }, (_, n) => n);

const describe = describerOf(root);
const mutants = allMutants(root);
const ids = options.ids?.split(',').map(Number);
const wanted = mutants.filter(
  ({ id, file }) => (!ids || ids.includes(id)) && (!options.only || file.includes(options.only)),
);
const sample =
  options.sample === 'all' || ids
    ? wanted
    : sampleOf(wanted, Number(options.sample), Number(options.seed), describe);
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

const seen = await dryRun(slots.map((n) => open(`dry-${n}`, { dry: true })));
await passTogether(open('together'), seen);
say(`${seen.length} tests pass without a mutant, after ${seconds()} s`);

const reach = reachOf(seen, mutants);
const isSame = (one, other) =>
  ['file', 'code', 'original', 'replacement'].every((key) => one[key] === other[key]);
const whyOf = (what) => listed.find((entry) => isSame(entry, what))?.why;
/** What was killed last time, or has been listed since, stays what it is. */
const last = options.again ? JSON.parse(readFileSync(output, 'utf8')) : { results: [], seconds: 0 };
const known = last.results.filter((what) => what.status === 'killed' || whyOf(what) !== undefined);
const results = [];
const queue = [];
for (const mutant of sample) {
  const what = describe(mutant);
  const at = known.findIndex((killed) => isSame(killed, what));
  if (at === -1) queue.push(mutant);
  else results.push({ ...known.splice(at, 1)[0], ...what, why: whyOf(what) });
}
if (options.again) say(`${queue.length} of them again`);
const tryInTurn = async (n) => {
  const runner = open(`slot-${n}`);
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const from = Date.now();
    const tests = reach.tests.get(mutant.id)?.length ?? 0;
    const killed = await killerOf(mutant, reach, runner, sandbox.path);
    const what = describe(mutant);
    const why = whyOf(what);
    const status = killed ? 'killed' : 'survived';
    results.push({ ...what, status, ...killed, why, tests, ms: Date.now() - from });
    if (!killed) tell(what, tests, why);
    if (results.length % 25 === 0) {
      say(`${results.length} tried, after ${seconds()} s`);
      write();
    }
  }
  runner.kill();
};

function tell({ id, file, line, column, code, original, replacement }, tests, why) {
  say(`survived ${id} ${file}:${line}:${column}: ${original} -> ${replacement || '(removed)'}`);
  say(`  ${code}`);
  say(
    `  ${why === undefined ? 'NOT LISTED' : `listed: ${why}`}${tests === 0 ? ' (no test reaches it)' : ''}`,
  );
}

function summaryOf(list) {
  const survived = list.filter(({ status }) => status === 'survived').length;
  const score = Math.round((1000 * (list.length - survived)) / list.length) / 10;
  return { tried: list.length, killed: list.length - survived, survived, score };
}

/** Also before the end: what is known survives a run that is cut off. */
function write() {
  results.sort((a, b) => a.id - b.id);
  const survivors = results.filter(({ status }) => status === 'survived');
  const byFolder = Map.groupBy(results, ({ file }) => file.split('/').slice(0, 2).join('/'));
  const report = {
    date: new Date().toISOString(),
    seed: Number(options.seed),
    mutants: mutants.length,
    sample: sample.length,
    tests: seen.length,
    seconds: last.seconds + seconds(),
    ...summaryOf(results),
    listed: survivors.filter(({ why }) => why !== undefined).length,
    hangs: results.filter(({ by }) => by === 'a hang').length,
    folders: Object.fromEntries(Array.from(byFolder, ([folder, list]) => [folder, summaryOf(list)])),
    survivors,
    results,
  };
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, `${JSON.stringify(report, undefined, 1)}\n`);
  return report;
}

await Promise.all(slots.map(tryInTurn));
const all = write();
for (const [folder, { score, killed, tried }] of Object.entries(all.folders))
  say(`${folder}: ${score} % (${killed} of ${tried})`);
say(`all: ${all.score} % (${all.killed} of ${all.tried}), in ${all.seconds} s`);
for (const entry of listed) {
  const tried = results.find((what) => isSame(entry, what));
  if (tried?.status === 'killed')
    say(`listed, and killed: ${entry.file}: ${entry.original} -> ${entry.replacement}`);
}
const unlisted = all.survived - all.listed;
if (unlisted > 0) say(`${unlisted} survivors are not listed in scripts/mutants/survivors.json`);
process.exit(all.score < LEAST_SCORE || unlisted > 0 ? 1 : 0);
