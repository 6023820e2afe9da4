import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, root, type Snippet, snippetsOf } from './snippets.ts';

export const extracted: string = join(root, 'test/documentation/extracted');

/** What of the code blocks is a module: its folder by dialect, and what is done with it by its suffix. */
const FILES: Readonly<Record<string, (place: string) => string>> = {
  ts: (place) => `standard/${place}.run.ts`,
  'ts types': (place) => `standard/${place}.ts`,
  'ts test': (place) => `standard/${place}.test.ts`,
  'ts legacy': (place) => `legacy/${place}.run.ts`,
  'ts legacy types': (place) => `legacy/${place}.ts`,
};

const TSCONFIG = {
  extends: '../../../../tsconfig.json',
  compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false },
  include: ['.', '../../globals.ts'],
  exclude: [],
};
const LEGACY = { experimentalDecorators: true, emitDecoratorMetadata: true };

/** Puts each code block into a file of its own, before the runner looks for tests. */
export function extractSnippets(): void {
  const files = new Map([
    ['standard/tsconfig.json', JSON.stringify(TSCONFIG)],
    [
      'legacy/tsconfig.json',
      JSON.stringify({ ...TSCONFIG, compilerOptions: { ...TSCONFIG.compilerOptions, ...LEGACY } }),
    ],
  ]);
  for (const snippet of pages.flatMap(snippetsOf)) {
    const file = FILES[snippet.kind]?.(placeOf(snippet));
    if (file !== undefined) files.set(file, `${snippet.whole}\nexport {};\n`);
  }
  for (const folder of ['standard', 'legacy']) mkdirSync(join(extracted, folder), { recursive: true });
  for (const file of readdirSync(extracted, { recursive: true, encoding: 'utf8' })) {
    if (file.includes('/') && !files.has(file)) rmSync(join(extracted, file));
  }
  // A second runner may be at work with the same files.
  for (const [file, text] of files) {
    const path = join(extracted, file);
    if (textIn(path) !== text) writeFileSync(path, text);
  }
}

/** A file name: `docs+jobs.md@46`. */
const placeOf = ({ page, line }: Snippet): string => `${page.replaceAll('/', '+')}@${line}`;

/** What a reader of a failure looks for: `docs/jobs.md:46`. */
export const place = (file: string): string =>
  file
    .replace(/\.\w+\.ts$/, '')
    .replaceAll('+', '/')
    .replace('@', ':');

function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
