import { replaceModule, tapeFiles } from '../shared/tape.mjs';

const METHODS = [
  'push',
  'unshift',
  'pause',
  'resume',
  'kill',
  'killAndDrain',
  'idle',
  'length',
  'getQueue',
  'drained',
  'error',
];

/** The suite that comes with it: traced are the workers, the factories, and the methods of the queues. */
export async function suite({ trace, add }) {
  replaceModule('fastq', (fastq) => {
    const over = (factory) =>
      trace(function (...args) {
        const queue = Reflect.apply(
          factory,
          this,
          args.map((arg) => (typeof arg === 'function' ? trace(arg) : arg)),
        );
        return trace.members(
          queue,
          METHODS.filter((name) => typeof queue[name] === 'function'),
        );
      });
    return Object.assign(over(fastq), { promise: over(fastq.promise) });
  });
  await tapeFiles(add, ['fastq/test/test.js', 'fastq/test/promise.js']);
}
