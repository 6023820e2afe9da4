// What has a heading on the page of an entry, and where a link to it leads.

export const isValue = ({ kind }) => kind !== 'type';
const isOptions = (item) => !isValue(item) && item.name.endsWith('Options');

/** The sections of a page, and the items in them. */
export function sectionsOf({ items }) {
  return [
    { title: 'Functions and classes', items: items.filter(isValue) },
    { title: 'Options', items: items.filter(isOptions) },
    { title: 'Types', items: items.filter((item) => !isValue(item) && !isOptions(item)) },
  ].filter((section) => section.items.length > 0);
}

/** Whether members have headings of their own; else they are a list. */
export function hasHeadings({ kind, members = [] }) {
  return kind === 'class' || members.some(({ doc }) => doc?.default.length > 0 || doc?.example.length > 0);
}

/** Of names that have headings, and of members as `SpanOptions.kind`: the forge counts anchors that are alike. */
export function anchorsOf(entry) {
  const anchors = new Map();
  const seen = new Map();
  const add = (heading, name) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    if (name !== undefined) anchors.set(name, before === 0 ? slug : `${slug}-${before}`);
  };
  add(entry.module);
  for (const { title, items } of sectionsOf(entry)) {
    add(title);
    for (const item of items) {
      add(item.name, item.name);
      if (!hasHeadings(item)) continue;
      for (const { name } of item.members ?? []) add(`${item.name}.${name}`, `${item.name}.${name}`);
    }
  }
  for (const { name, typeName } of entry.items) {
    if (typeName !== undefined) anchors.set(typeName, anchors.get(name));
  }
  return anchors;
}
