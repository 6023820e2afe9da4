// Puts all changes of a file into it at once, each behind a switch, so that the file is read and compiled once for all of them.

/**
 * What each file starts with. `on` is the number of the change that this process runs with; `hit` remembers which changes
 * were come across. A switch is a comparison and no call: tests fill the stack, and a call more would overflow it elsewhere.
 */
export const PRELUDE = `const { on: __on, hit: __hit } = ((all) => all.__oncespanMutants ??= (() => {
  const env = all.process?.env ?? {};
  const path = env.ONCESPAN_MUTANT_HITS;
  const fs = path && all.process.getBuiltinModule('node:fs');
  const known = {};
  const hit = fs
    ? new Proxy(known, { set: (_, id) => (known[id] ||= fs.appendFileSync(path, id + '\\n') ?? true) })
    : new Uint8Array(1 << 14);
  return { on: Number(env.ONCESPAN_MUTANT ?? -1), hit };
})())(globalThis as any);
`;

const isOn = (id) => `(__hit[${id}] = 1, __on === ${id})`;

/** The text before and after a node that has a change. */
function around({ id, place, replacement }) {
  switch (place) {
    case 'expression':
      return [`(${isOn(id)} ? (${replacement}) : (`, '))'];
    case 'statement':
      return [`{ if (!${isOn(id)}) `, ' }'];
    case 'block':
      return [`{ if (!${isOn(id)}) `, ' }'];
  }
}

/** @param {(import('./operators.mjs').Mutant & { id: number })[]} mutants of this file */
export function instrument(source, mutants) {
  const edits = mutants.map((mutant, nth) => {
    const [before, after] = around(mutant);
    return { ...mutant, nth, before, after };
  });
  // At one place: first what ends there, the inner ones first; then what starts there, the outer ones first.
  const ends = edits.toSorted((a, b) => a.end - b.end || b.start - a.start || b.nth - a.nth);
  const starts = edits.toSorted((a, b) => a.start - b.start || b.end - a.end || a.nth - b.nth);
  let out = PRELUDE;
  let at = 0;
  while (ends.length > 0) {
    const end = ends[0].end;
    const start = starts.length > 0 ? starts[0].start : Infinity;
    const next = Math.min(start, end);
    out += source.slice(at, next);
    at = next;
    out += end === next ? ends.shift().after : starts.shift().before;
  }
  return out + source.slice(at);
}
