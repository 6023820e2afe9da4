import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { pages, snippetsOf } from './snippets.ts';

// Whole programs, as a reader would run them: `node hello.mjs`. What they print is shown in the block behind.
const ourselves = fileURLToPath(new URL('ourselves.ts', import.meta.url));

/** Of the pages, by the line that starts a program. */
const outputs = pages.flatMap((page) =>
  snippetsOf(page).filter(({ kind, shown }) => kind === 'text' && shown.startsWith('$ node ')),
);

const programs = pages.flatMap((page) => {
  const snippets = snippetsOf(page);
  return snippets.flatMap((snippet, at) => {
    const name = /^\/\/ (\S+\.[cm]?js)$/m.exec(snippet.shown)?.[1];
    if (snippet.kind !== 'js' || name === undefined) return [];
    const command = `$ node ${name}\n`;
    const output = snippets[at + 1]?.shown ?? '';
    const expected = output.startsWith(command) ? output.slice(command.length) : '';
    return [{ place: `${page}:${snippet.line}`, name, program: snippet.whole, expected }];
  });
});

/** What differs from run to run. */
const steady = (output: string) =>
  output
    .replaceAll(/\b[\da-f]{32}\b/g, '(trace id)')
    .replaceAll(/\b[\da-f]{16}\b/g, '(span id)')
    .replaceAll(/\btrace [\da-f]{8}\b/g, 'trace (short id)')
    .replaceAll(/[█▏▎▍▌▋▊▉▐]+/g, '(bar)')
    .replaceAll(/[\d.]+ (ns|µs|ms|s)\b/g, '(time)')
    .replaceAll(/ +/g, ' ')
    .trim();

test.each(programs)('$place prints what is shown', async ({ name, program, expected }) => {
  const folder = mkdtempSync(join(tmpdir(), 'program-'));
  writeFileSync(join(folder, name), program);
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', ourselves, name], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  expect(steady(stdout)).toBe(steady(expected));
});

test('every output that is shown is that of the program before it', () => {
  expect(programs.filter(({ expected }) => expected !== '').length).toBe(outputs.length);
});
