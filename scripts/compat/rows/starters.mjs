// What people start from, and what they make of it: `npm run compat -- 'Nest projects'`, which takes a quarter of an hour.

/** Nest's command line as it is installed globally: it makes the project, whose own has the same major. */
const needs = (major) => ['node@24', `@nestjs/cli@${major}`];

const KINDS = {
  new: 'its tests, `nest build`, a request',
  watch: '`nest start --watch`, a file changed',
  webpack: 'the webpack builder',
  swc: 'the SWC builder',
  monorepo: 'a monorepo with a library',
  commonjs: '`module: commonjs`, its tests',
};

const MAJORS = {
  11: { title: 'CommonJS, Jest', kinds: KINDS },
  12: {
    title: 'ES modules, Vitest',
    kinds: { ...KINDS, rspack: 'the Rspack builder', webpack: '`module: commonjs`, the webpack builder' },
  },
};

export const STARTERS = Object.entries(MAJORS).flatMap(([major, { title, kinds }]) =>
  Object.entries(kinds).map(([kind, what]) => ({
    name: `nest new of ${major} (${title}): ${what}`,
    needs: needs(major),
    files: ['starters'],
    run: `node starters/starter.mjs ${kind}`,
  })),
);
