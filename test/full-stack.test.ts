import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

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
