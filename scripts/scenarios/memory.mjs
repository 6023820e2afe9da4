// What is left of a processor. The scenario has a process of its own, whose collector can be asked.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CHILD = fileURLToPath(new URL('collected.mjs', import.meta.url));

export const memory = [
  {
    name: 'a processor that was shut down can be collected',
    from: ['Python batch'],
    here: 'sdk/processor: a processor that has worked and was shut down can be collected',
    expects: (_world, contestant) =>
      promisify(execFile)(process.execPath, ['--expose-gc', CHILD, contestant]).catch(({ stderr }) => {
        throw new Error(stderr.trim());
      }),
  },
];
