// Which mutants are tried, and how each is told to a reader.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const onOneLine = (text) => text.replace(/\s+/g, ' ');

/** Says of each mutant where it stands, and what it changes into what. */
export function describerOf(root) {
  const sources = new Map();
  return ({ id, file, start, end, operator, replacement }) => {
    if (!sources.has(file)) sources.set(file, readFileSync(join(root, file), 'utf8'));
    const source = sources.get(file);
    const before = source.slice(0, start);
    const line = before.split('\n').length;
    return {
      id,
      file,
      line,
      column: start - before.lastIndexOf('\n'),
      operator,
      code: source.split('\n')[line - 1].trim(),
      original: onOneLine(source.slice(start, end)),
      replacement: onOneLine(replacement),
    };
  };
}

/**
 * `count` of `all`, in their order. Chosen by what each is and not by its place, so that a change elsewhere in the source
 * leaves the sample as it is.
 */
export function sampleOf(all, count, seed, describe) {
  const times = new Map();
  const keyed = all.map((mutant) => {
    const { file, code, operator, original, replacement } = describe(mutant);
    const what = [seed, file, code, operator, original, replacement].join('\n');
    const nth = (times.get(what) ?? 0) + 1;
    times.set(what, nth);
    return { mutant, key: createHash('sha256').update(`${what}\n${nth}`).digest('hex') };
  });
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  return keyed
    .slice(0, count)
    .map(({ mutant }) => mutant)
    .toSorted((a, b) => a.id - b.id);
}
