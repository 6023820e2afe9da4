// A process that runs tests of the sandbox against one mutant after the other. It is asked over its channel, and killed with
// everything that it has started when a mutant hangs.
import { writeFileSync } from 'node:fs';
import { createVitest } from 'vitest/node';

const slot = process.env.ONCESPAN_MUTANTS_SLOT;
let seen = [];
const reporter = {
  onTestCaseResult(test) {
    const { state, errors } = test.result();
    process.send({ alive: true });
    if (state === 'skipped') return;
    seen.push({
      id: test.id,
      project: test.project.name,
      file: test.module.moduleId,
      name: test.fullName,
      state,
      error: errors?.[0]?.message,
      ms: test.diagnostic()?.duration ?? 0,
      meta: test.meta(),
    });
  },
};

const vitest = await createVitest('test', {
  config: 'scripts/mutants/vitest.config.ts',
  watch: false,
  reporters: [reporter],
});
const all = await vitest.globTestSpecifications();

/** Runs these tests, or all of a project. @returns what each came to, and what went wrong outside of them */
async function run({ on, files }) {
  seen = [];
  writeFileSync(`${slot}/on`, String(on));
  const specifications = files.map(({ project, file, ids }) => {
    const { project: owner, moduleId } = all.find(
      (one) => one.project.name === project && one.moduleId === file,
    );
    return owner.createSpecification(moduleId, ids && { testIds: ids });
  });
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
  // It tells of earlier runs, too: a file that another mutant has broken.
  const isAsked = ({ moduleId, project }) =>
    files.some(({ file, project: name }) => file === moduleId && name === project.name);
  const broken = testModules
    .filter(isAsked)
    .flatMap((module) => module.errors().map(({ message }) => `${module.moduleId}: ${message}`));
  const errors = [...broken, ...unhandledErrors.map((error) => String(error?.message ?? error))];
  return { seen, errors };
}

process.on('message', async (asked) => {
  try {
    process.send({ answer: await run(asked) });
  } catch (error) {
    process.send({ answer: { seen, errors: [String(error?.stack ?? error)] } });
  }
});
process.on('disconnect', () => process.exit());
process.send({ ready: all.map(({ project, moduleId }) => ({ project: project.name, file: moduleId })) });
