import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { replaceModule, tapeFiles } from '../shared/tape.mjs';

const require = createRequire(import.meta.url);

/** The suite that comes with it: every function of the package is traced. */
export async function suite({ trace, add }) {
  replaceModule('pull-stream', (pull) =>
    Object.assign(
      trace((...args) => pull(...args)),
      trace.all(pull),
    ),
  );
  const folder = join(require.resolve('pull-stream'), '../test');
  await tapeFiles(
    add,
    readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(folder, name)),
  );
}
