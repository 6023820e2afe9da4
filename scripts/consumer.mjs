// Somebody else's project: the packed package beside chosen companions, and a program that uses it.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const BIN = join(ROOT, 'node_modules/.bin');

/** What `npm` is asked, before the packages. */
export const INSTALL = ['install', '--no-audit', '--no-fund', '--loglevel=error'];

/** The version of a package that is installed in this repository. */
export function installedVersion(name) {
  return JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** @returns what it printed; throws if it failed */
export async function run(command, args, cwd = ROOT) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${said}`);
  return said;
}

/** Calls `act` with each, as many at once as there are processors. */
export async function inParallel(items, act) {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
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
  return inFolder(async (folder) => {
    const [{ filename }] = JSON.parse(await run('npm', ['pack', '--json', '--pack-destination', folder]));
    return act(join(folder, filename));
  });
}

/**
 * Installs the tarball and `companions`, one of which is `node`, checks the types of `scripts/consumers/<consumer>` and
 * runs it.
 */
export function tryOut(tarball, { consumer, companions, type = 'module' }) {
  return inFolder(async (folder) => {
    cpSync(join(ROOT, 'scripts/consumers', consumer), folder, { recursive: true });
    const manifest = { private: true, type, allowScripts: { node: true } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    const packages = [tarball, '@types/node', ...companions];
    await run('npm', [...INSTALL, ...packages], folder);
    await run(join(BIN, 'tsc'), ['-p', '.'], folder);
    return (await run(join(folder, 'node_modules/.bin/node'), ['main.js'], folder)).trim();
  });
}

/** Of `scripts/compat`, for every row: the behaviour, as ES modules and as CommonJS. */
const PROGRAMS = ['behaviour.mjs', 'main.mjs', 'both.mjs'];

/**
 * A fresh project with the tarball and `needs` installed.
 *
 * @returns what runs a row of `scripts/compat` in it, one at a time: its folders are copied there first
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
  const limits = { timeout: 300_000, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 };
  const act = (program, args) =>
    new Promise((resolve) => {
      const child = execFile(program, args, { cwd: folder, env, ...limits }, (error, stdout, stderr) =>
        resolve({ ok: error === null, said: `${stdout}${stderr}`.trim().slice(-3000) }),
      );
      child.stdin.end();
    });
  const installed = await act('npm', [...INSTALL, tarball, ...needs]);
  return ({ files = [], run: command }) => {
    if (!installed.ok) return installed;
    files.forEach(copy);
    return act('bash', ['-c', command]);
  };
}
