import { createRequire } from 'node:module';
import { join } from 'node:path';
import { mocha } from '../shared/mocha.mjs';

const require = createRequire(import.meta.url);

/** The suite that comes with it, over a class all of whose methods are traced. */
export async function suite({ trace, add }) {
  const { Observable } = await import('zen-observable/src/Observable.js');
  trace.class(Observable);
  await mocha(add, join(require.resolve('zen-observable/package.json'), '../test'));
}
