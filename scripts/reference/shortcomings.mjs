/** What a reader of the reference would look for in vain: a line each. */
export function shortcomings(entries) {
  return entries.flatMap(({ module, doc, items }) => [
    ...(doc === undefined ? [`${module} has no docstring`] : []),
    ...items.flatMap((item) => ofItem(item).map((problem) => `${module}: ${problem}`)),
  ]);
}

function ofItem({ name, kind, doc, members = [] }) {
  if (doc === undefined || doc.text === '') return [`${name} has no docstring`];
  const problems = [];
  const examples = [doc, ...members.map((member) => member.doc)].flatMap((each) => each?.example ?? []);
  if (kind !== 'type' && examples.length === 0) problems.push(`${name} has no example`);
  for (const member of members) {
    const where = `${name}.${member.name}`;
    const isNamed =
      member.doc?.example.length > 0 || new RegExp(`\\b${member.name}\\b`).test(doc.example.join(''));
    if (/(?:Ms|Millis)$/.test(member.name) && !/milliseconds/i.test(member.doc?.text ?? ''))
      problems.push(`${where} does not say its unit`);
    if (!name.endsWith('Options')) continue;
    if (member.doc === undefined || member.doc.text === '') problems.push(`${where} has no docstring`);
    if (member.isOptional && member.doc?.default.length !== 1)
      problems.push(`${where} does not say its default`);
    if (!isNamed) problems.push(`${where} has no example`);
  }
  return problems;
}
