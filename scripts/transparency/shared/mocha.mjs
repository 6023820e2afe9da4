// Suites that come with a package and are written for mocha.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Runs the files of a folder, and writes down each test. */
export async function mocha(add, folder) {
  const { default: Mocha } = await import('mocha');
  function Reporter(runner) {
    runner.on('pass', (test) => add(test.fullTitle(), 'passed'));
    runner.on('fail', (test, error) => add(test.fullTitle(), `failed: ${error.message}`));
  }
  const runner = new Mocha({ reporter: Reporter });
  const names = readdirSync(folder, { recursive: true }).toSorted();
  for (const name of names.filter((file) => file.endsWith('.js'))) runner.addFile(join(folder, name));
  await runner.loadFilesAsync();
  await new Promise((resolve) => void runner.run(resolve));
}
