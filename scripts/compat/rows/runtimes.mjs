import { BUNDLING, TOOLS } from './bundlers.mjs';

const SDK = ['@opentelemetry/api@1.10', '@opentelemetry/sdk-trace@3'];

const chromium = TOOLS.map(({ name, tool }) => ({
  name: `Chromium, bundled by ${name}`,
  needs: BUNDLING,
  files: ['bundlers', 'web'],
  run: `node bundlers/bundle.mjs ${tool} browser web/main.mjs out/${tool}-web.mjs && node web/chromium.mjs out/${tool}-web.mjs`,
}));

const runtime = (name, run) => ({
  name,
  needs: ['node@24', ...SDK, 'bun@1', 'deno@2', 'esbuild@0', 'miniflare@4'],
  files: ['workerd'],
  run,
});

const LOWERED = [
  'node@24',
  ...SDK,
  'esbuild@0',
  '@babel/core@7',
  '@babel/preset-env@7',
  '@react-native/babel-preset@0',
  'hermes-engine-cli@0.12.0',
];

const lowered = (name, run) => ({ name, needs: LOWERED, files: ['lowered', 'web'], run });
const lower = (how, platform, entry, file) => `node lowered/lower.mjs ${how} ${platform} ${entry} ${file}`;
const inNode = (name, how) =>
  lowered(name, `${lower(how, 'node', 'main.mjs', 'lowered.cjs')} && node lowered.cjs`);

// The last that npm has of the engine itself, of 2022; later packages only have its compiler.
const hermes = [
  lower('react-native-classic', 'browser', 'web/main.mjs', 'hermes-main.js'),
  'cat lowered/hermes.js hermes-main.js > hermes.js',
  // A rejection that nobody handles does not end it with another code.
  'node_modules/hermes-engine-cli/linux64-bin/hermes -w hermes.js > hermes.txt',
  'cat hermes.txt',
  'grep -qx behaves hermes.txt',
];

export const RUNTIMES = [
  ...chromium,
  runtime('Bun, ES modules', 'bun main.mjs'),
  runtime('Bun, CommonJS', 'bun main.cjs'),
  runtime('Deno, ES modules', 'deno run --allow-all main.mjs'),
  runtime('Deno, CommonJS', 'deno run --allow-all main.cjs'),
  runtime('workerd, nodejs_compat', 'node workerd/run.mjs 2026-01-01 nodejs_compat'),
  runtime('workerd, nodejs_als', 'node workerd/run.mjs 2026-01-01 nodejs_als'),
  runtime('workerd, no flag', 'node workerd/run.mjs 2026-01-01'),
  runtime('workerd as of 2024-01-01, nodejs_compat', 'node workerd/run.mjs 2024-01-01 nodejs_compat'),
  inNode('esbuild, ES2017, in Node', 'es2017'),
  inNode('Babel, for IE 11, in Node', "'ie 11'"),
  inNode('Babel, for IE 11 with assumptions, in Node', 'assumptions'),
  inNode('Babel, for IE 11 in loose mode, in Node', 'loose'),
  inNode('@react-native/babel-preset, in Node', 'react-native'),
  lowered('@react-native/babel-preset, in Hermes 0.12', hermes.join(' && ')),
  ...['main.mjs', 'main.cjs'].map((file) =>
    lowered(
      `Node without WeakRef, AbortController and the like, ${file.endsWith('mjs') ? 'ES modules' : 'CommonJS'}`,
      `node --import ./lowered/fewer-globals.mjs ${file}`,
    ),
  ),
];
