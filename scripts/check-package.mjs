// Checks the package as somebody else gets it: its metadata, its size, and the tarball installed in projects beside the
// oldest and the newest versions that it promises to work with. Run after `npm run build`.

import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { BIN, inParallel, ROOT, run, tryOut, withTarball } from './consumer.mjs';

/**
 * Bytes, minified and gzipped without the API, that an import may cost: a bundler leaves out what is not imported. The
 * design asked for 4, 10 and 12 kB: hearing whatever real code returns, writing causes and redactions, carriers, links and
 * the version in the scope took more.
 */
const BUDGETS = { flush: 4_480, traceTask: 16_430, '*': 19_150 };

/** The oldest and the newest that we promise to work with. Most applications on Nest 11 are CommonJS, and get that build. */
const PROJECTS = [
  nest(11, 'commonjs', ['node@20.11.0', '@opentelemetry/api@1.9.0']),
  nest(11, 'module', ['node@24', '@opentelemetry/api@1']),
  nest(12, 'module', ['node@24', '@opentelemetry/api@1']),
  core(2, ['node@20.6.0', '@opentelemetry/api@1.9.0']),
  core(3, ['node@24', '@opentelemetry/api@1']),
];

function core(sdk, others) {
  const names = ['sdk-trace', 'context-async-hooks'];
  const companions = [...names.map((name) => `@opentelemetry/${name}@${sdk}`), ...others];
  return { what: 'The core', consumer: 'core', companions };
}

function nest(version, type, others) {
  const packages = ['common', 'core', 'microservices', 'websockets'];
  const platforms = ['express', 'fastify', 'ws'].map((name) => `platform-${name}`);
  const names = [...packages, ...platforms];
  const beside = ['ws', '@types/ws', 'rxjs@7', 'reflect-metadata'];
  const companions = [...names.map((name) => `@nestjs/${name}@${version}`), ...beside, ...others];
  return { what: `Nest ${version}`, consumer: 'nestjs', companions, type };
}

async function gzippedSize(name) {
  const what = name === '*' ? '*' : `{ ${name} }`;
  const { outputFiles } = await build({
    stdin: { contents: `export ${what} from './dist/index.js'`, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: 'esm',
    external: ['@opentelemetry/api'],
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

/** Of what is packed: maps to sources that are not, and links of the texts to files that are not. */
async function brokenReferences() {
  const [{ files }] = JSON.parse(await run('npm', ['pack', '--dry-run', '--json']));
  const packed = new Set(files.map(({ path }) => path));
  const read = (path) => readFileSync(join(ROOT, path), 'utf8');
  const referencesOf = (path) => {
    if (path.endsWith('.map')) return JSON.parse(read(path)).sources;
    if (!path.endsWith('.md')) return [];
    const links = [...read(path).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link]) => link);
    return links.filter((link) => !link.startsWith('https://'));
  };
  return [...packed].flatMap((path) =>
    referencesOf(path)
      .filter((reference) => !packed.has(posix.join(posix.dirname(path), reference)))
      .map((reference) => `${path}: ${reference}`),
  );
}

await run(join(BIN, 'publint'), ['--strict']);
console.log('publint: no problem');
await run(join(BIN, 'attw'), ['--pack', '.']);
console.log('are the types wrong: no');
const broken = await brokenReferences();
if (broken.length > 0) throw new Error(`what is packed refers to what is not:\n${broken.join('\n')}`);
console.log('maps and links: all resolve');

for (const [name, budget] of Object.entries(BUDGETS)) {
  const size = await gzippedSize(name);
  console.log(`size of ${name}: ${size} B minified and gzipped, budget ${budget} B`);
  if (size > budget)
    throw new Error(`importing ${name} costs ${size} B, more than its budget of ${budget} B`);
}

await withTarball((tarball) =>
  inParallel(PROJECTS, async ({ what, ...project }) => {
    console.log(`${what}, ${await tryOut(tarball, project)}`);
  }),
);
