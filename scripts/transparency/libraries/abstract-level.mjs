import { createRequire } from 'node:module';
import { MemoryLevel } from 'memory-level';
import { tape } from '../shared/tape.mjs';

const require = createRequire(import.meta.url);

/** The suite that comes with it, against memory-level: every method of the databases, iterators and batches is traced. */
export async function suite({ trace, add }) {
  const abstract = require('abstract-level');
  for (const name of [
    'AbstractLevel',
    'AbstractSublevel',
    'AbstractChainedBatch',
    'AbstractIterator',
    'AbstractKeyIterator',
    'AbstractValueIterator',
    'AbstractSnapshot',
  ]) {
    trace.class(abstract[name]);
  }
  trace.class(MemoryLevel);
  await tape(add, (test) => {
    require('abstract-level/test')({ test, factory: (options) => new MemoryLevel(options) });
  });
}
