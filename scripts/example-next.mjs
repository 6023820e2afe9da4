// npm run example:next: installs examples/jobs/next with the packed library in a temporary folder, builds it, and has
// test/jobs/next.test.ts try it. It is no part of `npm test`, because Next alone is over 300 MB.

import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, inFolder, INSTALL, ROOT, run, withTarball } from './consumer.mjs';

process.env.NEXT_TELEMETRY_DISABLED = '1';
await withTarball((tarball) =>
  inFolder(async (folder) => {
    cpSync(join(ROOT, 'examples/jobs/next'), folder, { recursive: true });
    await run('npm', [...INSTALL, tarball], folder);
    await run(join(folder, 'node_modules/.bin/next'), ['build'], folder);
    const { status } = spawnSync(join(BIN, 'vitest'), ['run', '--project', 'sdk 3', 'test/jobs/next'], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, NEXT_PROJECT: folder },
    });
    process.exitCode = status ?? 1;
  }),
);
