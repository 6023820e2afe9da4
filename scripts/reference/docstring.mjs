/** What a docstring says: `text`, and what stands behind its tags, each an array. */
export function readDocstring(comment) {
  const [text, ...tagged] = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .replaceAll(/^[ \t]*\* ?/gm, '')
    .trim()
    .split(/^@(?=\w)/m);
  const tags = { param: [], returns: [], throws: [], default: [], example: [] };
  for (const block of tagged) {
    const [, name, said] = /^(\w+)\s*([^]*)$/.exec(block);
    if (tags[name] === undefined)
      throw new Error(`a docstring has a tag that the reference does not know: @${name}`);
    tags[name].push(unescape(said.trimEnd()));
  }
  return { text: unescape(text.trim()), ...tags };
}

/** An `@` that is no tag stands behind a backslash. */
const unescape = (text) => text.replaceAll('\\@', '@');

/** Up to the first full stop, for a table. */
export function firstSentence(text) {
  const line = text.split('\n\n')[0].replaceAll('\n', ' ');
  return /^.*?\.(?= |$)/.exec(line)?.[0] ?? line;
}
