import { replaceModule, tapeFiles } from '../shared/tape.mjs';

/** The suite that comes with it. */
export async function suite({ trace, add }) {
  replaceModule('split2', trace);
  await tapeFiles(add, ['split2/test.js']);
}
