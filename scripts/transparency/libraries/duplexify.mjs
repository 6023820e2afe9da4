import { createRequire } from 'node:module';
import { replaceModule, tapeFiles } from '../shared/tape.mjs';

const require = createRequire(import.meta.url);

/** The suite that comes with it: traced is the factory, and the streams that it is given come out of traced functions. */
export async function suite({ trace, add }) {
  replaceModule('duplexify', (duplexify) =>
    Object.assign(
      trace((...args) => duplexify(...args)),
      { obj: trace(duplexify.obj) },
    ),
  );
  // The suite makes its streams with through2.
  const through = require.resolve('through2', { paths: [require.resolve('duplexify')] });
  replaceModule(through, (make) =>
    Object.assign(
      trace((...args) => make(...args)),
      { obj: trace(make.obj), ctor: make.ctor },
    ),
  );
  await tapeFiles(add, ['duplexify/test.js']);
}
