import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test.each([
  'the recursion is traced, and thrown out of',
  'the recursion is traced, and caught deep inside',
  'the recursion goes through withSpan',
])('at the end of the stack no span stays live and no call throws what it has returned: %s', (way) => {
  const program = fileURLToPath(new URL('children/full-stack.ts', import.meta.url));
  const output = execFileSync(process.execPath, [program, way], { encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual([true, 0, 0, 0]);
});

// Open: traced leaves of a recursion that is not traced itself. Only nested calls of ours measure the stack, so whether one
// of these stays live depends on what the engine has compiled by then. The child has this way, too:
// node --stack-size=600 test/children/full-stack.ts 'the leaves of a recursion are traced, and caught'
