// Which tests try the mutants, and how: those of the repository, without those that need a server, Nest, a bundler or another
// engine. What runs here is a copy of the repository: see sandbox.mjs.
import { fileURLToPath } from 'node:url';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import repository from '../../vitest.config.ts';

const path = (from: string) => fileURLToPath(new URL(from, import.meta.url));

/** `dry`: each file in a process of its own, so that it is known what each loads. */
const isDry = process.env['ONCESPAN_MUTANTS_DRY'] !== undefined;

/** Many files in one process, which is quick: these leave nothing behind that others would notice. */
const together = [
  'test/{abort,carriers,configuration,hostile,instances,manual-spans}.test.ts',
  'test/{parentage,portable-context-manager,presets,provider,records,thrown-values,time-limit,unhandled,wrapped}.test.ts',
  'test/decorators/*.test.ts',
  'test/returned/{cursors,iterators,look-alikes,node-streams,observables,plain-objects,queries,realms,running-promises}.test.ts',
  'test/returned/{thenables,userland-streams,values,web-streams}.test.ts',
  'test/standard/*.test.ts',
];

/** Each file in a process of its own. */
const alone = [
  'test/{abandoned,copies,covers,flush,hostile-processes,queues,zone}.test.ts',
  'test/returned/real-clients.test.ts',
  'test/sdk/{flush,keep-flushing,lease,mass-endings,otlp,process-end*,processor,reload}.test.ts',
  'test/sdk/{request-exports,self-observation,start-tracing,waiting-process}.test.ts',
  'test/testing/*.test.ts',
];

/** Runs the files in the order in which they were asked for. */
class AsAsked extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files;
  }
}

const [standard, , legacy] = repository.test!.projects as {
  test: { include: string[]; setupFiles: string[] };
}[];

const project = (
  from: typeof standard,
  name: string,
  include: string[],
  exclude: string[],
  isolate: boolean,
  testTimeout: number,
) => ({
  ...from,
  test: {
    ...from!.test,
    name,
    include,
    exclude,
    isolate: isolate || isDry,
    setupFiles: [path('in-worker.ts'), ...from!.test.setupFiles],
    testTimeout: isDry ? 60_000 : testTimeout,
  },
});

export default {
  ...repository,
  root: path('../..'),
  test: {
    execArgv: ['--expose-gc'],
    // Property tests try the same orders each time.
    env: { SEED: '16' },
    // The first failure has killed the mutant.
    bail: isDry ? 0 : 1,
    fileParallelism: false,
    sequence: { sequencer: AsAsked, setupFiles: 'list' },
    projects: [
      project(standard, 'together', together, [], false, 10_000),
      project(legacy, 'legacy', ['test/{decorators,legacy}/*.test.ts'], [], false, 10_000),
      project(standard, 'alone', alone, together, true, 25_000),
    ],
  },
};
