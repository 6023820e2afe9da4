import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { transform } from 'esbuild';
import { expect, test } from 'vitest';
import { pages, root, type Snippet, snippetsOf, textOf } from './snippets.ts';

const scriptsIn = (folder: string) =>
  (
    JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    }
  ).scripts;

async function parses({ shown }: Snippet): Promise<void> {
  await transform(shown, {
    loader: 'tsx',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
  });
}

/** What is asked of a code block, by what stands behind its fence: an answer says what is wrong. */
const CHECKS: Readonly<Record<string, (snippet: Snippet) => unknown>> = {
  // These run: run-snippets.ts, programs.test.ts, recipes.test.ts.
  ts: () => {},
  'ts legacy': () => {},
  'ts types': () => {},
  'ts legacy types': () => {},
  'ts test': () => {},
  js: ({ shown }) => (/^\/\/ \S+\.[cm]?js$/m.test(shown) ? undefined : 'has no file name'),
  // Of these pages alone: recipes.test.ts.
  diff: ({ page }) => (/^docs\/(jobs|nestjs)\.md$/.test(page) ? undefined : 'is compared with no recipe'),
  text: () => {},
  // Of a product that is not installed here.
  'ts foreign': parses,
  // How something is declared, in docs/api: as its source has it.
  'ts signature': parses,
  json: ({ shown }) => void JSON.parse(shown),
  sh: () => {},
};

/** What the reader does not see, and what a Markdown parser takes for code and this suite does not. */
function strayIn(page: string): string[] {
  const snippets = snippetsOf(page);
  const count = (which: 'before' | 'after') => snippets.filter(({ hidden }) => hidden[which]).length;
  const written = (which: string) =>
    textOf(page).match(new RegExp(`^\\s*<!--\\s*${which}\\b`, 'gim'))?.length ?? 0;
  return [
    ...(['before', 'after'] as const)
      .filter((which) => written(which) !== count(which))
      .map((which) => `of ${written(which)} comments "${which}", ${count(which)} stand at a code block`),
    ...snippets
      .filter(({ kind, hidden }) => hidden.after && !/^ts( legacy)?$/.test(kind))
      .map(({ line }) => `line ${line}: nothing runs what stands behind it`),
    ...(/^\s*~~~|^\s*>\s*```/m.test(textOf(page)) ? ['a fence that is not looked at'] : []),
  ];
}

/** Also in the text: `npm run --prefix bench memory` is a script of that folder. */
function missingScripts(page: string): string[] {
  const runs = textOf(page).matchAll(/\bnpm run (?:--silent )?(?:--prefix ([\w./-]+) )?([\w:]+)/g);
  return Array.from(runs, ([all, folder, name]) => ({ all, folder, name: name! }))
    .filter(({ folder, name }) => scriptsIn(folder ?? '.')[name] === undefined)
    .map(({ all }) => all);
}

test.each(pages)('%s: every hidden comment belongs to a code block, every script is there', (page) => {
  expect([...strayIn(page), ...missingScripts(page)]).toEqual([]);
});

test.each(pages)('%s: every code block is of a kind that is checked', async (page) => {
  const wrong: string[] = [];
  for (const snippet of snippetsOf(page)) {
    const check = CHECKS[snippet.kind] ?? (() => `is of no known kind: "${snippet.kind}"`);
    const fact = await Promise.resolve(snippet).then(check).catch(String);
    if (fact !== undefined) wrong.push(`line ${snippet.line}: ${String(fact)}`);
  }
  expect(wrong).toEqual([]);
});

/** Headings as the forge makes anchors of them. */
function anchorsOf(page: string): string[] {
  const text = textOf(page)
    .replaceAll(/^ *```.*?^ *```$/gms, '')
    .replaceAll(/<!--.*?-->/gs, '');
  const seen = new Map<string, number>();
  return Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading]) => {
    const slug = heading!
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

test.each(pages)('%s: every link leads somewhere', (page) => {
  const text = textOf(page)
    .replaceAll(/^ *```.*?^ *```$/gms, '')
    .replaceAll(/`[^`\n]*`/g, '');
  const targets = [
    ...Array.from(text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g), ([, target]) => target!),
    ...Array.from(text.matchAll(/^\[[^\]]+\]: (\S+)/gm), ([, target]) => target!),
    ...Array.from(text.matchAll(/(?:src|srcset|href)="([^"]+)"/g), ([, target]) => target!),
  ].filter((target) => !/^https?:/.test(target));
  const dead = targets.filter((target) => {
    const [path, anchor] = target.split('#') as [string, string?];
    const file = path === '' ? page : normalize(join(dirname(page), decodeURI(path)));
    if (!existsSync(join(root, file))) return true;
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor);
  });
  expect(dead).toEqual([]);
});
