// A project for each set of packages, outside of this one and kept from run to run: installing takes longer than the rest.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BIN } from '../../scripts/consumer.mjs';
import { needsOf } from './contenders.mjs';

const APP = fileURLToPath(new URL('app', import.meta.url));
const npm = (folder, ...args) =>
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--legacy-peer-deps', '--silent', ...args], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });

const ready = new Map();

/** @returns the folder of the compiled application in a project with what `contender` needs, on that major of Nest */
export function projectOf(contender, nestMajor, tarball) {
  const { packages, isOurs } = needsOf(contender, nestMajor);
  const key = createHash('sha1').update(packages.join()).digest('hex').slice(0, 10);
  if (ready.has(key)) return ready.get(key);
  const folder = join(tmpdir(), `oncespan-comparison-nestjs-${key}`);
  if (!existsSync(folder)) {
    // Renamed when it is whole: a run that was stopped leaves no half of a project.
    const fresh = `${folder}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh);
    writeFileSync(join(fresh, 'package.json'), '{ "private": true }');
    npm(fresh, ...packages);
    renameSync(fresh, folder);
  }
  if (isOurs) {
    rmSync(join(folder, 'node_modules/oncespan'), { recursive: true, force: true });
    npm(folder, '--no-save', tarball);
  }
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  const compiled = spawnSync(join(BIN, 'tsc'), ['-p', APP, '--outDir', join(folder, 'out')], {
    encoding: 'utf8',
  });
  if (compiled.status !== 0) throw new Error(compiled.stdout);
  ready.set(key, folder);
  return folder;
}

/** What a package that is installed in a project says of itself. */
export function manifestOf(folder, name) {
  return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
}
