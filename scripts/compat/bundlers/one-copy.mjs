// An application that imports beside a dependency that requires: a bundler has to take the same files for both.
import dependency from 'dependency';
import { traceTask } from 'oncespan';
import { startTracing } from 'oncespan/sdk';

const isOne = dependency.traceTask === traceTask && dependency.startTracing === startTracing;
console.log(isOne ? 'behaves' : 'MISBEHAVES: two copies');
if (!isOne) throw new Error('misbehaves');
