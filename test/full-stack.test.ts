import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('calls that end for want of stack end their spans all the same', () => {
  const program = fileURLToPath(new URL('children/full-stack.ts', import.meta.url));
  const output = execFileSync(process.execPath, [program], { encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual([true, 0, 0]);
});
