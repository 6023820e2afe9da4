import { replaceModule, tapeFiles } from '../shared/tape.mjs';

/** The suite that comes with it: traced are the factories, and what reads. */
export async function suite({ trace, add }) {
  replaceModule('from2', (from) => {
    const over = (factory) =>
      trace(function (...args) {
        return Reflect.apply(
          factory,
          this,
          args.map((arg) => (typeof arg === 'function' ? trace(arg) : arg)),
        );
      });
    return Object.assign(over(from), from, { obj: over(from.obj), ctor: trace(from.ctor) });
  });
  await tapeFiles(add, ['from2/test.js']);
}
