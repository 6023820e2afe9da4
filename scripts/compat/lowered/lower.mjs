// node lowered/lower.mjs <how> <node | browser> <entry> <file>: one bundle in the syntax of old engines.
import { writeFileSync } from 'node:fs';
import { transformAsync } from '@babel/core';
import { build } from 'esbuild';

const [how, platform, entry, file] = process.argv.slice(2);

/** What Babel allows itself for smaller output. */
const ASSUMPTIONS = {
  constantSuper: true,
  ignoreFunctionLength: true,
  noClassCalls: true,
  noDocumentAll: true,
  objectRestNoSymbols: true,
  privateFieldsAsProperties: true,
  setClassMethods: true,
  setComputedProperties: true,
  setPublicClassFields: true,
  setSpreadProperties: true,
  superIsCallableConstructor: true,
};
const presetEnv = (options) => ['@babel/preset-env', { targets: 'ie 11', modules: false, ...options }];
const reactNative = (unstable_transformProfile) => [
  '@react-native/babel-preset',
  { disableImportExportTransform: true, enableBabelRuntime: false, unstable_transformProfile },
];
const BABEL = {
  'ie 11': { presets: [presetEnv()] },
  assumptions: { presets: [presetEnv()], assumptions: ASSUMPTIONS },
  loose: { presets: [presetEnv({ loose: true })] },
  'react-native': { presets: [reactNative('hermes-stable')] },
  // For engines without classes.
  'react-native-classic': { presets: [reactNative('default')] },
};

const target = BABEL[how] ? 'esnext' : how;
const { outputFiles } = await build({
  entryPoints: [entry],
  bundle: true,
  write: false,
  format: 'iife',
  platform,
  target,
});
const options = { configFile: false, babelrc: false, compact: false, sourceType: 'script', filename: file };
const { text } = outputFiles[0];
writeFileSync(file, BABEL[how] ? (await transformAsync(text, { ...options, ...BABEL[how] })).code : text);
