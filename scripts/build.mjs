// Builds the package from nothing: `dist` as ES modules, `cjs` as CommonJS, each with its declarations. What no entry
// leads to is removed: the code of files that hold types alone, the declarations of internals that no public type names.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BIN, inParallel, ROOT, run } from './consumer.mjs';

const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const PROJECTS = { dist: 'tsconfig.build.json', cjs: 'tsconfig.cjs.json' };
await inParallel(Object.entries(PROJECTS), async ([folder, project]) => {
  rmSync(join(ROOT, folder), { recursive: true, force: true });
  await run(join(BIN, 'tsc'), ['-p', project]);
  removeUnreached(join(ROOT, folder));
});
// The package itself says `module`: without this Node would read these files as ES modules.
writeFileSync(join(ROOT, 'cjs/package.json'), '{ "type": "commonjs" }\n');

/** Every file that `exports` names. */
function entriesOf(target) {
  return typeof target === 'string' ? [target] : Object.values(target).flatMap(entriesOf);
}

function removeUnreached(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.'),
  );
  const reached = new Set();
  const visit = (path) => {
    if (reached.has(path) || !existsSync(path)) return;
    reached.add(path).add(`${path}.map`);
    const specifiers = readFileSync(path, 'utf8').matchAll(
      /(?:from |import\(|require\()['"](\.[^'"]+)\.[jt]s['"]/g,
    );
    const extension = path.endsWith('.d.ts') ? '.d.ts' : '.js';
    for (const [, specifier] of specifiers) visit(join(dirname(path), specifier + extension));
  };
  entriesOf(exports).forEach((entry) => visit(join(ROOT, entry)));
  for (const name of files) if (!reached.has(join(folder, name))) rmSync(join(folder, name));
}
