import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** From the facts up: a file imports from its own layer and those before it. */
const LAYERS = [
  ['platform'],
  ['options'],
  ['span'],
  ['instance', 'returned'],
  ['run-in-span', 'task-flush'],
  ['decorators', 'trace-task', 'with-span'],
  ['tracing'],
  ['index'],
];
const SUB_PATHS = ['console', 'jobs', 'sdk', 'nestjs', 'testing'];

interface Source {
  readonly path: string;
  /** A folder of the layout, or a file of the core without its extension. */
  readonly unit: string;
  readonly text: string;
  /** Specifiers of imports and re-exports; relative ones as units. */
  readonly imports: readonly string[];
  /** Files that it imports, types included. */
  readonly files: readonly string[];
}

const unitOf = (path: string) => path.split('/')[0]!.replace(/\.ts$/, '');

const sources: Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const specifiers = [...text.matchAll(/^(?:import|export|\})[^;]*?from '([^']+)'/gm)].map(
      ([, found]) => found!,
    );
    const imports = specifiers.map((specifier) =>
      specifier.startsWith('.') ? unitOf(relative(SRC, join(SRC, dirname(path), specifier))) : specifier,
    );
    const files = specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => join(dirname(path), specifier));
    return { path, unit: unitOf(path), text, imports, files };
  });

const core = sources.filter(({ unit }) => !SUB_PATHS.includes(unit));
const layerOf = (unit: string) => LAYERS.findIndex((layer) => layer.includes(unit));
const isPackage = (name: string) => sources.every(({ unit }) => unit !== name);
/** Without comments, which may name anything. */
const code = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
/** Files of the core. */
const thatContain = (pattern: RegExp) =>
  core.filter(({ text }) => pattern.test(code(text))).map(({ path }) => path);

test('every file of the core stands in a layer, and imports from no layer above it', () => {
  const wrong = core.flatMap(({ path, unit, imports }) =>
    [unit, ...imports.filter((name) => !isPackage(name))]
      .filter((name) => layerOf(name) === -1 || layerOf(name) > layerOf(unit))
      .map((name) => `${path} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('no file imports itself by way of others, types included', () => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' > '));
    if (done.has(path) || trail.includes(path)) return;
    for (const next of byPath.get(path)!.files) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  expect(circles).toEqual([]);
});

test('the core depends on the API alone, and on no sub-path', () => {
  const packages = new Set(core.flatMap(({ imports }) => imports.filter(isPackage)));
  expect([...packages]).toEqual(['@opentelemetry/api']);
});

test('nothing depends on an SDK, and only `nestjs` knows Nest and RxJS', () => {
  const wrong = sources.flatMap(({ path, unit, imports }) =>
    imports
      .filter((name) => /sdk-|^rxjs|^@nestjs/.test(name) && !(unit === 'nestjs' && !name.includes('sdk-')))
      .map((name) => `${path} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('what is Node’s is imported by the entries that have a variant for other hosts, and by none else', () => {
  const found = sources.flatMap(({ path, unit, imports }) =>
    imports
      .filter((name) => unit !== 'nestjs' && /^(node:|@opentelemetry\/context-async-hooks)/.test(name))
      .map((name) => `${path} imports ${name}`),
  );
  expect(found.sort()).toEqual([
    'sdk/index.ts imports @opentelemetry/context-async-hooks',
    'testing/index.ts imports @opentelemetry/context-async-hooks',
  ]);
  // Where Node's modules are asked for at run time, if they are there.
  const asking = sources.filter(({ unit, text }) => unit !== 'nestjs' && /'node:/.test(code(text)));
  expect(asking.map(({ path }) => path)).toEqual([
    'platform/async-context.ts',
    'sdk/index.workerd.ts',
    'sdk/lifecycle/signals.ts',
    'sdk/processor/global-error-handlers.ts',
  ]);
});

test('one file ends spans, one starts them, one reports', () => {
  expect(thatContain(/\bspan\.end\(/)).toEqual(['span/sdk-span.ts']);
  expect(thatContain(/\.startSpan\(/)).toEqual(['run-in-span.ts']);
  expect(thatContain(/\bdiag\b/)).toEqual(['platform/report.ts']);
});

test('docs/architecture.md draws these layers, and names files that are there', () => {
  const page = readFileSync(join(SRC, '../docs/architecture.md'), 'utf8');
  const [, drawn = ''] = /^```text\n(index .*?)^```/ms.exec(page) ?? [];
  const layers = drawn
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(0, 40).trim().split(/\s+/));
  expect(layers.reverse()).toEqual(LAYERS);
  const paths = Array.from(
    page.matchAll(/`((?:src|test|scripts|examples)\/[\w./-]+)`/g),
    ([, path]) => path!,
  );
  expect(paths.length).toBeGreaterThan(40);
  expect(paths.filter((path) => !existsSync(join(SRC, '..', path)))).toEqual([]);
});

test('what compilers for old engines take for an array is one, and no spread waits', () => {
  // Babel's loose mode makes `[...set]` an array that has the set in it; the preset of React Native refuses `f(...await x)`.
  expect(thatContain(/\.\.\.\(?(?:new (?:Set|Map)\b|await\b|yield\b)/)).toEqual([]);
});
