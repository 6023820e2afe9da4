/** Each under a name of its own, so that they share a project. Old ones cannot read the newest types of Node. */
const NEEDS = [
  ...['5.0', '5.4', '5.9', '6', '7'].map((version) => `typescript-${version}@npm:typescript@${version}`),
  '@swc/core',
  'esbuild',
  ...['core', 'preset-env', 'preset-typescript', 'plugin-proposal-decorators'].map(
    (name) => `@babel/${name}`,
  ),
  '@types/node@20',
  // The declarations of 1.9 themselves need a `console`.
  '@opentelemetry/api@1.10',
];

const CONFIG = { legacy: 'tsconfig.legacy.json', standard: 'tsconfig.json' };
const TITLE = { module: 'ES modules', commonjs: 'CommonJS' };

const row = (name, type, ...commands) => ({
  name,
  needs: NEEDS,
  files: ['compilers'],
  run: [`cd compilers && rm -rf out && echo '{ "type": "${type}" }' > package.json`, ...commands].join(
    ' && ',
  ),
});

const tsc = (version) => `node ../node_modules/typescript-${version}/bin/tsc`;

/** A version that still finds packages as Node 10 did. */
const node10 = (version, flags = '') =>
  ['legacy', 'standard'].map((dialect) =>
    row(
      `TypeScript ${version}, ${dialect} decorators, CommonJS, resolution of Node 10`,
      'commonjs',
      `${tsc(version)} -p ${CONFIG[dialect]} --module commonjs --moduleResolution node10 ${flags}`,
      `node out/${dialect}.js`,
    ),
  );

const combinations = ['legacy', 'standard'].flatMap((dialect) =>
  ['module', 'commonjs'].map((type) => ({ dialect, type })),
);

export const COMPILERS = [
  ...['5.0', '5.4', '5.9', '6', '7'].flatMap((version) =>
    combinations.map(({ dialect, type }) =>
      row(
        `TypeScript ${version}, ${dialect} decorators, ${TITLE[type]}`,
        type,
        `${tsc(version)} -p ${CONFIG[dialect]}`,
        `node out/${dialect}.js`,
      ),
    ),
  ),
  ...node10('5.0'),
  ...node10('6', '--ignoreDeprecations 6.0'),
  ...['babel', 'esbuild', 'swc'].flatMap((compiler) =>
    combinations.map(({ dialect, type }) =>
      row(
        `${compiler}, ${dialect} decorators, ${TITLE[type]}`,
        type,
        `node transpile.mjs ${compiler} ${dialect} ${type}`,
        `node out/${dialect}.js`,
      ),
    ),
  ),
  ...['5.0', '7'].map((version) =>
    row(
      `TypeScript ${version}, lib es2022 and no types of any host`,
      'module',
      `${tsc(version)} -p tsconfig.bare.json`,
    ),
  ),
  // TypeScript 5.4 gives an inline function in an open place the type parameters themselves, before they are settled.
  ...Object.entries({ 5.4: 'hooks', 5.9: 'inline', 7: 'inline' }).flatMap(([version, config]) =>
    ['legacy', 'standard'].map((dialect) =>
      row(
        `TypeScript ${version}, ${dialect} decorators, types of hooks${config === 'inline' ? ' and of inline functions' : ''}`,
        'module',
        `${tsc(version)} -p tsconfig.${config}.json --experimentalDecorators ${dialect === 'legacy'}`,
      ),
    ),
  ),
];
