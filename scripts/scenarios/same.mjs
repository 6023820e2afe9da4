// What a scenario fails with: one line, which the page prints.

import { isDeepStrictEqual } from 'node:util';

/** @throws unless `actual` is what it has to be. `what` names it: 'the batches' */
export function same(what, actual, expected) {
  if (!isDeepStrictEqual(actual, expected))
    throw new Error(`${what}: ${inShort(actual)}, not ${inShort(expected)}`);
}

/** @throws unless it is so. `what` says what is not: 'the flush has not failed' */
export function holdsThat(isSo, what) {
  if (!isSo) throw new Error(what);
}

function inShort(value) {
  const readable = (_key, part) => (part instanceof Error ? String(part) : part);
  const text = JSON.stringify(value, readable) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}
