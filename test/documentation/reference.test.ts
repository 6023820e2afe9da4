import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root } from './snippets.ts';

// Where it is not, `npm run reference` makes it so, or says which docstring it misses.
test('docs/api is what the docstrings say: every export, every option with its default, unit and example', async () => {
  const check = promisify(execFile)(process.execPath, [join(root, 'scripts/reference.mjs'), '--check']);
  const said = await check.catch((failed: { stdout: string; stderr: string }) => failed);
  expect(said).toEqual({ stdout: '', stderr: '' });
});
