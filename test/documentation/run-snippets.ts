import './globals.ts';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { format, promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { recordSpans } from '../../src/testing/index.ts';
import { extracted, place } from './extract.ts';
import { root } from './snippets.ts';

const PRINTING = ['log', 'info', 'warn', 'error'] as const;

/** Tests of the code blocks of README and docs that are written in a dialect of decorators. */
export function runSnippets(dialect: 'standard' | 'legacy'): void {
  const folder = join(extracted, dialect);

  test(`code blocks with ${dialect} decorators are well-typed`, async () => {
    const tsc = join(root, 'node_modules/.bin/tsc');
    const said = await promisify(execFile)(tsc, ['-p', folder], { cwd: root }).catch(
      (failed: { stdout: string; stderr: string }) => failed,
    );
    expect(said).toEqual({ stdout: '', stderr: '' });
  });

  const blocks = readdirSync(folder).filter((name) => name.endsWith('.run.ts'));
  test.each(blocks.map((name) => [place(name), name]))('%s', async (_, name) => {
    // They are written for a real clock.
    vi.useRealTimers();
    globalThis.printed = [];
    for (const method of PRINTING) {
      vi.spyOn(console, method).mockImplementation((...args) => void printed.push(format(...args)));
    }
    globalThis.expect = expect;
    globalThis.spans = recordSpans();
    await import(/* @vite-ignore */ join(folder, name));
    expect(spans.live()).toEqual([]);
  });
}
