// Checks the package as somebody else gets it: its metadata, its size, and the tarball installed in projects beside the
// oldest and the newest versions that it promises to work with. Run after `npm run build`.

import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { BIN, ROOT, run, tryOut, withTarball } from './consumer.mjs';

/** What the design asks for, and what is reached: the check fails when it grows beyond that. */
const SIZE = { budget: 6_000, reached: 11_900 };

const CORE = [
  [
    'node@20.19.0',
    '@opentelemetry/api@1.9.0',
    '@opentelemetry/sdk-trace@2',
    '@opentelemetry/context-async-hooks@2',
  ],
  ['node@24', '@opentelemetry/api@1', '@opentelemetry/sdk-trace@3', '@opentelemetry/context-async-hooks@3'],
];

/** Most applications on Nest 11 are CommonJS, which loads ES modules from Node 20.19 on. */
const NEST = [
  { nest: 11, type: 'commonjs', others: ['node@20.19.0', '@opentelemetry/api@1.9.0'] },
  { nest: 11, type: 'module', others: ['node@24', '@opentelemetry/api@1'] },
  { nest: 12, type: 'module', others: ['node@24', '@opentelemetry/api@1'] },
];

async function gzippedSize() {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'dist/index.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    external: ['@opentelemetry/api'],
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

run(join(BIN, 'publint'), ['--strict']);
console.log('publint: no problem');
run(join(BIN, 'attw'), ['--pack', '.', '--profile', 'esm-only']);
console.log('are the types wrong: no');

const size = await gzippedSize();
console.log(`size: ${size} B minified and gzipped, budget ${SIZE.budget} B`);
if (size > SIZE.reached) throw new Error(`the core has grown: ${size} B, it was at most ${SIZE.reached} B`);

await withTarball(async (tarball) => {
  for (const companions of CORE) console.log(await tryOut(tarball, 'core', companions));
  for (const { nest, type, others } of NEST) {
    const packages = ['common', 'core', 'platform-express', 'platform-fastify'];
    const companions = [
      ...packages.map((name) => `@nestjs/${name}@${nest}`),
      'rxjs@7',
      'reflect-metadata',
      ...others,
    ];
    console.log(`Nest ${nest}, ${await tryOut(tarball, 'nestjs', companions, type)}`);
  }
});
