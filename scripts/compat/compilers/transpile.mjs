// node transpile.mjs babel|esbuild|swc legacy|standard module|commonjs: what only compiles, and checks no types.
import { mkdirSync, writeFileSync } from 'node:fs';

const [compiler, dialect, type] = process.argv.slice(2);
const isLegacy = dialect === 'legacy';
const files = isLegacy ? ['orders', 'legacy'] : ['orders', 'standard'];

const compilers = {
  async babel() {
    const { transformFileAsync } = await import('@babel/core');
    const version = isLegacy ? 'legacy' : '2023-11';
    const options = {
      presets: [
        '@babel/preset-typescript',
        ['@babel/preset-env', { targets: { node: '20' }, modules: type === 'commonjs' ? 'commonjs' : false }],
      ],
      plugins: [['@babel/plugin-proposal-decorators', { version }]],
    };
    return async (file) => (await transformFileAsync(file, options)).code;
  },

  async esbuild() {
    const { build } = await import('esbuild');
    const options = {
      write: false,
      target: 'es2022',
      // A class that names itself inside is renamed `_Payments` otherwise, and so would be its spans.
      keepNames: true,
      format: type === 'commonjs' ? 'cjs' : 'esm',
      tsconfig: isLegacy ? 'tsconfig.legacy.json' : 'tsconfig.json',
    };
    return async (file) => (await build({ ...options, entryPoints: [file] })).outputFiles[0].text;
  },

  async swc() {
    const { transformFile } = await import('@swc/core');
    const transform = isLegacy
      ? { legacyDecorator: true, decoratorMetadata: true }
      : { decoratorVersion: '2023-11' };
    const options = {
      swcrc: false,
      module: { type: type === 'commonjs' ? 'commonjs' : 'es6' },
      jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true }, transform },
    };
    return async (file) => (await transformFile(file, options)).code;
  },
};

const compile = await compilers[compiler]();
mkdirSync('out', { recursive: true });
for (const file of files) writeFileSync(`out/${file}.js`, await compile(`${file}.ts`));
