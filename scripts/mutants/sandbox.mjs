// A copy of the repository in which the source has all mutants in it. The repository itself is never touched.
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { instrument } from './instrument.mjs';
import { findMutants } from './operators.mjs';

const SOURCES = ['src/run-in-span.ts', 'src/{decorators,returned,sdk,span}/**/*.ts'];
const LEFT_OUT = /^(node_modules|\.git|dist|cjs|bench)($|\/)/;

/** Every mutant of the repository, numbered. */
export function allMutants(root) {
  let id = 0;
  return globSync(SOURCES, { cwd: root })
    .toSorted()
    .flatMap((file) => {
      const source = readFileSync(join(root, file), 'utf8');
      return findMutants(file, source).map((mutant) => ({ id: id++, file, ...mutant }));
    });
}

export function makeSandbox(root, mutants) {
  const path = mkdtempSync(join(tmpdir(), 'oncespan-mutants-'));
  cpSync(root, path, { recursive: true, filter: (from) => !LEFT_OUT.test(relative(root, from)) });
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'));
  for (const [file, ofFile] of Map.groupBy(mutants, (mutant) => mutant.file)) {
    const source = readFileSync(join(root, file), 'utf8');
    writeFileSync(join(path, file), instrument(source, ofFile));
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
