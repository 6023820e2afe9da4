import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { defineConfig, type Plugin } from 'vitest/config';
import { extractSnippets } from './test/documentation/extract.ts';

const module = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The runner leaves standard decorators and `using` as they are, which no Node runs yet. */
const lowerStandardSyntax: Plugin = {
  name: 'lower-standard-syntax',
  enforce: 'pre',
  async transform(code, id) {
    if (!/\/(test|examples)\/.*\.ts$/.test(id)) return null;
    return transform(code, {
      loader: 'ts',
      target: 'es2022',
      // As tsx does: else a class that mentions itself is called `_Vault` at run time.
      keepNames: true,
      sourcemap: 'inline',
      sourcefile: id,
      tsconfigRaw: {},
    });
  },
};

/** For examples, which import the package as others do. */
const ourselves = [
  { find: /^oncespan$/, replacement: module('src/index.ts') },
  { find: /^oncespan\/(.+)$/, replacement: module('src/$1/index.ts') },
];

extractSnippets();

const sdk2 = { '@opentelemetry/sdk-trace': 'sdk-trace-2' };
const everything = ['test/**/*.test.ts'];
/** Parameter decorators and emitted metadata, which the other dialect has not. */
const onlyLegacy = ['test/{legacy,nestjs}/**', 'test/documentation/legacy.test.ts'];

export default defineConfig({
  test: {
    // Else one processor is left idle: on two that is half of them.
    maxWorkers: '100%',
    // Tests of the collector ask for it.
    execArgv: ['--expose-gc'],
    // No test waits for a clock; this only ends one that hangs, however busy the machine is.
    testTimeout: 60_000,
    // Says what is left out for want of a server.
    globalSetup: [module('test/servers/installed.ts')],
    projects: [
      {
        plugins: [lowerStandardSyntax],
        resolve: { alias: ourselves },
        test: {
          name: 'sdk 3',
          include: everything,
          exclude: onlyLegacy,
          setupFiles: [module('test/setup.ts')],
        },
      },
      {
        plugins: [lowerStandardSyntax],
        resolve: { alias: sdk2 },
        test: {
          name: 'sdk 2',
          include: everything,
          // What these test does not depend on the SDK.
          exclude: [
            ...onlyLegacy,
            'test/documentation/**',
            'test/jobs/**',
            'test/layout.test.ts',
            'test/returned/real-clients.test.ts',
            'test/sdk/model.test.ts',
          ],
          // For processes that tests start.
          env: { SDK: sdk2['@opentelemetry/sdk-trace'] },
          setupFiles: [module('test/setup.ts')],
        },
      },
      {
        // The nearest tsconfig.json, in these folders, says `experimentalDecorators`.
        resolve: { alias: ourselves },
        test: {
          name: 'legacy decorators',
          include: ['test/{decorators,legacy,nestjs}/**/*.test.ts', 'test/documentation/legacy.test.ts'],
          setupFiles: [module('test/setup.ts')],
        },
      },
    ],
  },
});
