// Which tests come across which mutants.
import { relative } from 'node:path';

const keyOf = ({ project, file }) => `${project} ${file}`;

/** Runs every test without a mutant. @returns what each came to, with the mutants that it came across */
export async function dryRun(runners) {
  const [files] = await Promise.all(runners.map((runner) => runner.start()));
  const seen = [];
  const askInTurn = async (runner) => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const answer = await runner.run({ on: -1, files: [file] });
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

function refuseFailures(where, { seen, errors, hangs }) {
  const failed = seen.filter(({ state }) => state === 'failed');
  const problems = [
    ...errors,
    ...failed.map(({ file, name, error }) => `${file} > ${name}: ${error}`),
    ...(hangs ? ['it hangs'] : []),
  ];
  if (problems.length > 0) throw new Error(`without a mutant, ${where}: ${problems.join('\n')}`);
}

/** By the number of each mutant, the tests that come across it. What a file does before its tests counts for all of them. */
export function reachOf(seen) {
  const reach = new Map();
  for (const tests of Map.groupBy(seen, keyOf).values()) {
    const loaded = new Set(tests.flatMap(({ meta }) => meta.loaded ?? []));
    for (const test of tests) {
      for (const id of new Set([...(test.meta.hit ?? []), ...loaded])) {
        if (!reach.has(id)) reach.set(id, []);
        reach.get(id).push(test);
      }
    }
  }
  return reach;
}

/** Files with those of their tests that are to run, the quickest first. */
function filesFor(tests) {
  const files = Array.from(Map.groupBy(tests, keyOf).values(), (ofFile) => ({
    project: ofFile[0].project,
    file: ofFile[0].file,
    ids: ofFile.map(({ id }) => id),
    ms: ofFile.reduce((sum, { ms }) => sum + ms, 0),
  }));
  return files.toSorted((a, b) => a.ms - b.ms);
}

/** @returns what notices the mutant first, if anything does */
export async function killerOf(mutant, tests, runner, sandbox) {
  const files = filesFor(tests);
  const steps = ['together', 'legacy'].map((name) => files.filter(({ project }) => project === name));
  for (const file of files) if (file.project === 'alone') steps.push([file]);
  for (const step of steps) {
    if (step.length === 0) continue;
    const { seen, errors, hangs } = await runner.run({ on: mutant.id, files: step });
    if (hangs) return { by: 'a hang' };
    const failed = seen.find(({ state }) => state === 'failed');
    if (failed) return { by: `${relative(sandbox, failed.file)} > ${failed.name}`, error: failed.error };
    if (errors.length > 0) return { by: 'an error outside of tests', error: errors[0] };
  }
  return undefined;
}
