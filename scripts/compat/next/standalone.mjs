// node next/standalone.mjs <path>: what `output: 'standalone'` took, moved to where nothing else is found, and its server started.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'oncespan-standalone-'));
renameSync(join('next', process.env.DIST, 'standalone'), join(folder, 'app'));
const server = join(folder, 'app/next/server.js');
const { status } = spawnSync(
  process.execPath,
  ['next/requests.mjs', process.argv[2], process.execPath, server],
  { stdio: 'inherit' },
);
rmSync(folder, { recursive: true });
process.exitCode = status ?? 1;
