// Builds the package: `dist` as ES modules, `cjs` as CommonJS, each with its declarations, from nothing each time, so that
// what is packed has no file of yesterday.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, ROOT, run } from './consumer.mjs';

for (const folder of ['dist', 'cjs']) rmSync(join(ROOT, folder), { recursive: true, force: true });
run(join(BIN, 'tsc'), ['-p', 'tsconfig.build.json']);
run(join(BIN, 'tsc'), ['-p', 'tsconfig.cjs.json']);
// The package itself says `module`: without this Node would read these files as ES modules.
writeFileSync(join(ROOT, 'cjs/package.json'), '{ "type": "commonjs" }\n');
