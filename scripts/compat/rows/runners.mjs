/** Babel 7, because Jest is not at 8 yet; TypeScript 5.9, because ts-jest is not at 7. */
const jest = (version, api, sdk) => [
  `jest@${version}`,
  `jest-environment-jsdom@${version}`,
  `babel-jest@${version}`,
  ...['core', 'preset-env', 'preset-typescript', 'plugin-proposal-decorators'].map(
    (name) => `@babel/${name}@7`,
  ),
  'ts-jest',
  'typescript@5.9',
  '@swc/jest',
  '@swc/core',
  '@types/node',
  `@opentelemetry/api@${api}`,
  `@opentelemetry/sdk-trace@${sdk}`,
];
const JEST = { 29: jest(29, '1.9.0', 2), 30: jest(30, '1.10', 3) };
const OTHERS = ['vitest', 'tsx', '@opentelemetry/api', '@opentelemetry/sdk-trace'];

export const RUNNERS = [
  ...Object.entries(JEST).flatMap(([version, needs]) => {
    const row = (how, config, tests) => ({
      name: `Jest ${version}, ${how}`,
      needs,
      files: ['jest'],
      run: `jest --config jest/${config}.json ${tests}`,
    });
    return [
      row('ts-jest', 'ts-jest', 'orders behaviour'),
      row('@swc/jest', 'swc', 'orders behaviour'),
      row('babel-jest', 'babel', 'orders behaviour'),
      row('jsdom', 'jsdom', 'orders behaviour'),
      row('a second copy after a reset of the modules', 'swc', 'reset'),
      row("a promise of Node's own that nobody awaits", 'swc', 'realm'),
    ];
  }),
  {
    name: 'Vitest, legacy decorators',
    needs: OTHERS,
    files: ['vitest', 'compilers'],
    run: 'cp compilers/orders.ts vitest && vitest run --dir vitest',
  },
  {
    name: 'node:test',
    needs: OTHERS,
    files: ['node-test'],
    run: 'node --test node-test/task.test.mjs',
  },
  {
    name: 'node:test, tsx, standard decorators',
    needs: OTHERS,
    files: ['node-test', 'compilers'],
    run: 'node --import tsx --test node-test/orders.test.ts',
  },
];
