// Checks the package as somebody else gets it: its metadata, its size, and the tarball installed in a project of its
// own. Run after `npm run build`.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = join(ROOT, 'node_modules', '.bin');

/** What the design asks for, and what is reached: the check fails when it grows beyond that. */
const SIZE = { budget: 6_000, reached: 11_500 };

/** What the package is installed beside: the oldest and the newest it promises to work with. */
const COMPANIONS = [
  [
    'node@20.19.0',
    '@opentelemetry/api@1.9.0',
    '@opentelemetry/sdk-trace@2',
    '@opentelemetry/context-async-hooks@2',
  ],
  ['node@24', '@opentelemetry/api@1', '@opentelemetry/sdk-trace@3', '@opentelemetry/context-async-hooks@3'],
];

function run(command, args, cwd = ROOT) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

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

/** Installs the tarball and runs the consumer's program and type check. */
function tryOut(tarball, companions) {
  const folder = mkdtempSync(join(tmpdir(), 'oncespan-consumer-'));
  try {
    cpSync(join(ROOT, 'scripts/consumer'), folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, type: 'module', allowScripts: { node: true } }),
    );
    run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball, '@types/node', ...companions],
      folder,
    );
    run(join(BIN, 'tsc'), ['-p', '.'], folder);
    return run(join(folder, 'node_modules/.bin/node'), ['main.js'], folder).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

run(join(BIN, 'publint'), ['--strict']);
console.log('publint: no problem');
run(join(BIN, 'attw'), ['--pack', '.', '--profile', 'esm-only']);
console.log('are the types wrong: no');

const size = await gzippedSize();
console.log(`size: ${size} B minified and gzipped, budget ${SIZE.budget} B`);
if (size > SIZE.reached) throw new Error(`the core has grown: ${size} B, it was at most ${SIZE.reached} B`);

const destination = mkdtempSync(join(tmpdir(), 'oncespan-pack-'));
try {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', destination]));
  for (const companions of COMPANIONS) console.log(tryOut(join(destination, filename), companions));
} finally {
  rmSync(destination, { recursive: true });
}
