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
  /** Which of these comments there are. */
  readonly hidden: { readonly before: boolean; readonly after: boolean };
}

/**
 * The code blocks of a page, in their order.
 *
 * @throws for a fence that is not closed
 */
export function snippetsOf(page: string): Snippet[] {
  const lines = textOf(page).split(/\r?\n/);
  const snippets: Snippet[] = [];
  for (let start = 0; start < lines.length; start += 1) {
    const fence = /^( *)```(.*)$/.exec(lines[start]!);
    if (fence === null) continue;
    const end = lines.findIndex((line, at) => at > start && line.trim() === '```');
    if (end < 0) throw new Error(`${page}:${start + 1}: the code block has no end`);
    const shown = lines.slice(start + 1, end).map((line) => line.replace(fence[1]!, ''));
    const [before, after] = [hiddenBefore(lines, start), hiddenAfter(lines, end)];
    const whole = [...(before ?? []), ...shown, ...(after ?? [])];
    snippets.push({
      page,
      line: start + 1,
      kind: fence[2]!.trim(),
      shown: shown.join('\n'),
      whole: whole.join('\n'),
      hidden: { before: before !== undefined, after: after !== undefined },
    });
    start = end;
  }
  return snippets;
}

function hiddenBefore(lines: readonly string[], fence: number): string[] | undefined {
  const close = lines.findLastIndex((line, at) => at < fence && line !== '');
  if (lines[close] !== '-->') return undefined;
  const open = lines.findLastIndex((line, at) => at < close && line.startsWith('<!--'));
  return lines[open] === '<!-- before' ? lines.slice(open + 1, close) : undefined;
}

function hiddenAfter(lines: readonly string[], fence: number): string[] | undefined {
  const open = lines.findIndex((line, at) => at > fence && line !== '');
  if (lines[open] !== '<!-- after') return undefined;
  return lines.slice(open + 1, lines.indexOf('-->', open));
}
