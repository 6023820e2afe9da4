// Runs a small application on the packed package, with the Nest versions it promises to work with. Run after
// `npm run build`.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Most applications on Nest 11 are CommonJS, which loads ES modules from Node 20.19 on. */
const COMPANIONS = [
  { nest: 11, node: '20.19.0', type: 'commonjs', api: '1.9.0' },
  { nest: 11, node: '24', type: 'module', api: '1' },
  { nest: 12, node: '24', type: 'module', api: '1' },
];

function run(command, args, cwd = ROOT) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function tryOut(tarball, { nest, node, type, api }) {
  const folder = mkdtempSync(join(tmpdir(), 'oncespan-nestjs-'));
  try {
    cpSync(join(ROOT, 'scripts/nestjs-consumer'), folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, type, allowScripts: { node: true } }),
    );
    const packages = ['common', 'core', 'platform-express', 'platform-fastify'].map(
      (name) => `@nestjs/${name}@${nest}`,
    );
    const others = [`node@${node}`, `@opentelemetry/api@${api}`, 'rxjs@7', 'reflect-metadata', '@types/node'];
    run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball, ...packages, ...others],
      folder,
    );
    run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'], folder);
    return `Nest ${nest}, ${run(join(folder, 'node_modules/.bin/node'), ['main.js'], folder).trim()}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const destination = mkdtempSync(join(tmpdir(), 'oncespan-pack-'));
try {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', destination]));
  for (const companions of COMPANIONS) console.log(tryOut(join(destination, filename), companions));
} finally {
  rmSync(destination, { recursive: true });
}
