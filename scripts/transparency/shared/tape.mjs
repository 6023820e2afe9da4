// Suites that come with a package and are written for tape, over a traced copy of the package.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Has everybody who requires `id` get what `make` makes of it. */
export function replaceModule(id, make) {
  const path = require.resolve(id);
  const exports = make(require(path));
  require.cache[path].exports = exports;
  return exports;
}

/** Runs what `load` defines with tape, and writes down each assertion. */
export async function tape(add, load) {
  const test = require('tape');
  const names = new Map();
  const rows = test.createStream({ objectMode: true });
  rows.on('data', (row) => {
    if (row.type === 'test') names.set(row.id, row.name);
    if (row.type !== 'assert') return;
    // Some put a random number into the names.
    const name = `${names.get(row.test)}: ${row.name}`.replaceAll(/0\.\d{6,}/g, '0.…');
    add(name, row.ok ? 'ok' : `not ok: ${row.error?.message}`);
  });
  load(test);
  await new Promise((resolve) => void rows.on('end', resolve));
}

/** Runs files of a package. */
export function tapeFiles(add, files) {
  return tape(add, () => files.forEach((file) => require(file)));
}
