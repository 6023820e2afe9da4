// Somebody else's project: the packed package beside chosen companions, and a program that uses it.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const BIN = join(ROOT, 'node_modules/.bin');

/** @returns what it printed; throws if it failed */
export function run(command, args, cwd = ROOT) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

async function inFolder(act) {
  const folder = mkdtempSync(join(tmpdir(), 'oncespan-'));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Packs what was built, and calls `act` with the tarball. */
export function withTarball(act) {
  return inFolder((folder) => {
    const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder]));
    return act(join(folder, filename));
  });
}

/**
 * Installs the tarball and `companions`, one of which is `node`, checks the types of `scripts/consumers/<consumer>` and
 * runs it.
 */
export function tryOut(tarball, consumer, companions, type = 'module') {
  return inFolder((folder) => {
    cpSync(join(ROOT, 'scripts/consumers', consumer), folder, { recursive: true });
    const manifest = { private: true, type, allowScripts: { node: true } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    const packages = [tarball, '@types/node', ...companions];
    run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], folder);
    run(join(BIN, 'tsc'), ['-p', '.'], folder);
    return run(join(folder, 'node_modules/.bin/node'), ['main.js'], folder).trim();
  });
}
