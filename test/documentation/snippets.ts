import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Everything that is written for readers. */
export const pages: readonly string[] = [
  ...readdirSync(root),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) => `docs/${path}`),
].filter((path) => path.endsWith('.md'));

export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

export interface Snippet {
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** What stands behind the fence: `ts`, `ts legacy`, `text`. */
  readonly kind: string;
  /** As a reader sees it. */
  readonly shown: string;
  /** With what stands in comments around it: `<!-- before … -->` above, `<!-- after … -->` below. */
  readonly whole: string;
}

/** The code blocks of a page, in their order. */
export function snippetsOf(page: string): Snippet[] {
  const lines = textOf(page).split('\n');
  const snippets: Snippet[] = [];
  for (let start = 0; start < lines.length; start += 1) {
    const fence = /^( *)```(.*)$/.exec(lines[start]!);
    if (fence === null) continue;
    const end = lines.findIndex((line, at) => at > start && line.trim() === '```');
    const shown = lines.slice(start + 1, end).map((line) => line.replace(fence[1]!, ''));
    const whole = [...hiddenBefore(lines, start), ...shown, ...hiddenAfter(lines, end)];
    snippets.push({
      page,
      line: start + 1,
      kind: fence[2]!.trim(),
      shown: shown.join('\n'),
      whole: whole.join('\n'),
    });
    start = end;
  }
  return snippets;
}

function hiddenBefore(lines: readonly string[], fence: number): string[] {
  const close = lines.findLastIndex((line, at) => at < fence && line !== '');
  if (lines[close] !== '-->') return [];
  const open = lines.findLastIndex((line, at) => at < close && line.startsWith('<!--'));
  return lines[open] === '<!-- before' ? lines.slice(open + 1, close) : [];
}

function hiddenAfter(lines: readonly string[], fence: number): string[] {
  const open = lines.findIndex((line, at) => at > fence && line !== '');
  if (lines[open] !== '<!-- after') return [];
  return lines.slice(open + 1, lines.indexOf('-->', open));
}
