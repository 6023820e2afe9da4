import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Traced, traceTask } from '../src/index.ts';
import { record } from './harness.ts';

test.each([
  'the recursion is traced, and thrown out of',
  'the recursion is traced, and caught deep inside',
  'the recursion goes through withSpan',
  'the leaves of a recursion are traced, and caught',
])('at the end of the stack no span stays live and no call throws what it has returned: %s', (way) => {
  const program = fileURLToPath(new URL('children/full-stack.ts', import.meta.url));
  // Where in a call the stack ends depends on its size.
  for (let size = 500; size < 700; size += 25) {
    const output = execFileSync(process.execPath, [`--stack-size=${size}`, program, way], {
      encoding: 'utf8',
    });
    expect([size, ...JSON.parse(output)]).toEqual([size, true, 0, 0, 0]);
  }
});

/** The frames of an error that is thrown three traced calls deep. */
const framesIn = (traced: (work: () => never) => () => never): number => {
  const work = traced(
    traced(
      traced(() => {
        throw new Error('deep');
      }),
    ),
  );
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  try {
    return work();
  } catch (error) {
    return (error as Error).stack!.split('\n').length;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};

test('a traced call has no more frames on the stack than one that is traced by hand', () => {
  const tracer = record().provider.getTracer('by hand');
  const byHand = framesIn(
    (work) => () =>
      tracer.startActiveSpan('span', (span) => {
        try {
          return work();
        } finally {
          span.end();
        }
      }),
  );
  class Service {
    constructor(readonly work: () => never) {}
    @Traced()
    method(): never {
      return this.work();
    }
  }
  expect(framesIn((work) => traceTask(work))).toBe(byHand);
  // Each has the arrow function and the method itself besides.
  expect(framesIn((work) => () => new Service(work).method())).toBe(byHand + 2 * 3);
});
