// Somebody else's project: the packed package beside chosen companions, and a program that uses it.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const BIN = join(ROOT, 'node_modules/.bin');

/** The version of a package that is installed in this repository. */
export function installedVersion(name) {
  return JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** @returns what it printed; throws if it failed */
export function run(command, args, cwd = ROOT) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

export async function inFolder(act) {
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

/** Of `scripts/compat`, for every row: the behaviour, as ES modules and as CommonJS. */
const PROGRAMS = ['behaviour.mjs', 'main.mjs', 'both.mjs'];

/**
 * A fresh project with the tarball and `needs` installed.
 *
 * @returns what runs a row of `scripts/compat` in it: its folders are copied there first
 */
export async function projectFor(tarball, folder, needs) {
  const compat = join(ROOT, 'scripts/compat');
  const copy = (name) => cpSync(join(compat, name), join(folder, name), { recursive: true });
  PROGRAMS.forEach(copy);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { node: true } }),
  );
  await build({
    entryPoints: [join(folder, 'main.mjs'), join(folder, 'behaviour.mjs')],
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    packages: 'external',
    format: 'cjs',
    platform: 'node',
  });
  const env = { ...process.env, PATH: join(folder, 'node_modules/.bin') + delimiter + process.env.PATH };
  delete env.NODE_OPTIONS;
  const act = (program, args) => {
    const limits = { timeout: 300_000, killSignal: 'SIGKILL' };
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: folder,
      env,
      encoding: 'utf8',
      ...limits,
    });
    return { ok: status === 0, said: `${stdout}${stderr}`.trim().slice(-3000) };
  };
  const installed = act('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball, ...needs]);
  return ({ files = [], run: command }) => {
    if (!installed.ok) return installed;
    files.forEach(copy);
    return act('bash', ['-c', command]);
  };
}
