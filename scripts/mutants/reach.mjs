// Which tests come across which mutants.
import { relative } from 'node:path';

const keyOf = ({ project, file }) => `${project} ${file}`;

/** Runs every test without a mutant. @returns what each came to, with the mutants that it came across */
export async function dryRun(runners) {
  const [files] = await Promise.all(runners.map((runner) => runner.start()));
  const seen = [];
  const askInTurn = async (runner) => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      let answer = await runner.run({ on: -1, files: [file] });
      // Tests that start processes can fail on a machine that is very busy: once more, before all is given up.
      if (problemsOf(answer).length > 0) answer = await runner.run({ on: -1, files: [file] });
      refuseFailures(file.file, answer);
      seen.push(...answer.seen);
    }
    runner.kill();
  };
  await Promise.all(runners.map(askInTurn));
  return seen;
}

/** Runs without a mutant what will share a process: what fails there would seem to notice mutants. */
export async function passTogether(runner, seen) {
  const files = filesFor(seen.filter(({ project }) => project !== 'alone'));
  refuseFailures('in one process', await runner.run({ on: -1, files }));
  runner.kill();
}

function problemsOf({ seen, errors, hangs }) {
  const failed = seen.filter(({ state }) => state === 'failed');
  return [
    ...errors,
    ...failed.map(({ file, name, error }) => `${file} > ${name}: ${error}`),
    ...(hangs ? ['it hangs'] : []),
  ];
}

function refuseFailures(where, answer) {
  const problems = problemsOf(answer);
  if (problems.length > 0) throw new Error(`without a mutant, ${where}: ${problems.join('\n')}`);
}

/**
 * By the number of each mutant, the tests that come across it. What a file does before its tests counts for all of them.
 *
 * @returns `tests`, and `depth`: by test file and source file, how many mutants of the one the other comes across
 */
export function reachOf(seen, mutants) {
  const tests = new Map();
  const depth = new Map();
  for (const [key, ofFile] of Map.groupBy(seen, keyOf)) {
    const loaded = new Set(ofFile.flatMap(({ meta }) => meta.loaded ?? []));
    const all = new Set(loaded);
    for (const test of ofFile) {
      for (const id of new Set([...(test.meta.hit ?? []), ...loaded])) {
        if (!tests.has(id)) tests.set(id, []);
        tests.get(id).push(test);
        all.add(id);
      }
    }
    for (const id of all) {
      const pair = `${key} ${mutants[id].file}`;
      depth.set(pair, (depth.get(pair) ?? 0) + 1);
    }
  }
  return { tests, depth };
}

/** What it takes to load a test file, about. */
const LOADING_MS = 150;

/** Files with those of their tests that are to run: first those that are quick, and know the source file of the mutant well. */
function filesFor(tests, { depth } = { depth: new Map() }, source = '') {
  const files = Array.from(Map.groupBy(tests, keyOf), ([key, ofFile]) => {
    const ms = ofFile.reduce((sum, test) => sum + test.ms, LOADING_MS);
    return {
      project: ofFile[0].project,
      file: ofFile[0].file,
      ids: ofFile.map(({ id }) => id),
      rank: ms / (depth.get(`${key} ${source}`) ?? 1) ** 2,
    };
  });
  return files.toSorted((a, b) => a.rank - b.rank);
}

/** What shares a process is run at once, the rest file by file. */
function stepsOf(files) {
  const shared = ['together', 'legacy'].map((name) => files.filter(({ project }) => project === name));
  const alone = files.filter(({ project }) => project === 'alone');
  return [...shared, ...alone.map((file) => [file])].filter((step) => step.length > 0);
}

/** @returns what notices the mutant first, if anything does */
export async function killerOf(mutant, reach, runner, sandbox) {
  const files = filesFor(reach.tests.get(mutant.id) ?? [], reach, mutant.file);
  // What is made once and kept is come across by the first test of a file only. So in the end the others are asked, too.
  const whole = files.map(({ project, file }) => ({ project, file }));
  for (const step of [...stepsOf(files), ...stepsOf(whole)]) {
    const { seen, errors, hangs } = await runner.run({ on: mutant.id, files: step });
    if (hangs) return { by: 'a hang' };
    const failed = seen.find(({ state }) => state === 'failed');
    if (failed) return { by: `${relative(sandbox, failed.file)} > ${failed.name}`, error: failed.error };
    if (errors.length > 0) return { by: 'an error outside of tests', error: errors[0] };
  }
  return undefined;
}
