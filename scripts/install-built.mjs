// Builds the package and installs it, as it is now, in the folder that is named: `node scripts/install-built.mjs bench`.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, process.argv[2]);
const npm = (...args) => execFileSync('npm', args, { cwd: root, stdio: 'inherit' });

npm('run', '--silent', 'build');
// The version has not changed, so npm would keep the copy from last time.
rmSync(join(folder, 'node_modules/oncespan'), { recursive: true, force: true });
npm(
  'install',
  '--prefix',
  folder,
  '--install-links',
  '--legacy-peer-deps',
  '--no-audit',
  '--no-fund',
  '--no-package-lock',
  '--silent',
);
