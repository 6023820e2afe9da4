import { firstSentence } from './docstring.mjs';
import { anchorsOf, hasHeadings, isValue, sectionsOf } from './headings.mjs';

/** On every page, so that nobody corrects it by hand. */
const MADE = '<!-- Made of the docstrings in src/ by `npm run reference`: change those. -->';

/** `docs/api/README.md`: what there is, and where. */
export function contentsPage(entries) {
  const intro =
    'Every name that the package exports, and every option with its default and its unit. The words are explained in the ' +
    '[README](../../README.md) and the pages that it names.';
  const sections = entries.flatMap((entry) => {
    const { module, page: path, doc } = entry;
    const writer = new Writer({ entry, entries, isElsewhere: true });
    const rows = entry.items
      .filter(isValue)
      .map((item) => [writer.link(item.name), inCell(writer.prose(firstSentence(item.doc.text)))]);
    const types = sectionsOf(entry).flatMap(({ items }) => items.filter((item) => !isValue(item)));
    return [
      `## [\`${module}\`](${path})`,
      writer.prose(doc.text),
      table(['Name', 'What it is for'], rows),
      ...(types.length > 0 ? [`Types: ${types.map(({ name }) => writer.link(name)).join(', ')}.`] : []),
    ];
  });
  return page([MADE, '# API', intro, ...sections]);
}

/** The page of one entry. */
export function entryPage(entry, entries, writeExample) {
  const sections = sectionsOf(entry);
  const writer = new Writer({ entry, entries, writeExample });
  const contents = sections.map(({ items }) => `- ${items.map(({ name }) => writer.link(name)).join(', ')}`);
  return page([
    MADE,
    `# \`${entry.module}\``,
    '[All entries](README.md)',
    writer.prose(entry.doc.text),
    contents.join('\n'),
    ...sections.flatMap(({ title, items }) => [`## ${title}`, ...items.flatMap((item) => writer.item(item))]),
  ]);
}

const NO_DOC = { text: '', param: [], returns: [], throws: [], default: [], example: [] };

class Writer {
  #module;
  #writeExample;
  /** Of names, where they are explained. */
  #targets = new Map();

  constructor({ entry, entries, writeExample, isElsewhere = false }) {
    this.#module = entry.module;
    this.#writeExample = writeExample;
    for (const other of [entry, ...entries.filter((each) => each !== entry)]) {
      const path = other === entry && !isElsewhere ? '' : other.page;
      for (const [name, anchor] of anchorsOf(other)) {
        if (!this.#targets.has(name)) this.#targets.set(name, `${path}#${anchor}`);
      }
    }
  }

  link(name, shown = name) {
    const target = this.#targets.get(name);
    return target === undefined ? `\`${shown}\`` : `[\`${shown}\`](${target})`;
  }

  /** @param owner whose members can be named without its name */
  prose(text, owner = '') {
    return text
      .replaceAll(/\{@link (\w+)\}/g, (_, name) =>
        this.#targets.has(`${owner}.${name}`) ? this.link(`${owner}.${name}`, name) : this.link(name),
      )
      .replaceAll(/(?<![\w/[])docs\/([\w-]+\.md)/g, '[docs/$1](../$1)');
  }

  item(item) {
    const { name, doc, declared, typeName, bases = [], usable = [] } = item;
    const facts = [
      ...(typeName === undefined ? [] : [`Its type has the name \`${typeName}\``]),
      ...(bases.length > 0
        ? [`Has what ${bases.map((base) => this.link(base)).join(' and ')} has, too`]
        : []),
      ...(usable.length > 0 ? [`For ${usable.join(' and ')}`] : []),
    ];
    return [
      `### \`${name}\``,
      ...(declared === '' ? [] : [fence('ts signature', declared)]),
      ...this.#doc(doc, name, [...this.#mentioned(declared, name), ...facts]),
      ...this.#members(item),
    ];
  }

  #members(item) {
    const { name: owner, members = [] } = item;
    if (members.length === 0) return [];
    if (!hasHeadings(item)) return [members.map((member) => this.#line(owner, member)).join('\n')];
    const withDefault = members.filter(({ doc }) => doc?.default.length > 0);
    const rows = withDefault.map(({ name, doc }) => [
      this.link(`${owner}.${name}`, name),
      inCell(doc.default[0]),
      inCell(this.prose(firstSentence(doc.text), owner)),
    ]);
    return [
      ...(rows.length > 2 ? [table(['Option', 'Default', 'What it says'], rows)] : []),
      ...members.flatMap((member) => this.#member(owner, member)),
    ];
  }

  /** A member in a list. */
  #line(owner, { name, isMethod, isOptional, type, doc = NO_DOC }) {
    // But a name, it is a link.
    const typed = /^\w+$/.test(type) ? this.link(type) : `\`${type}\``;
    const shown = isMethod ? typed : `\`${name}${isOptional ? '?' : ''}\`: ${typed}`;
    return `- ${shown}${doc.text && `. ${this.prose(inLine(doc.text), owner)}`}`;
  }

  /** A member with a heading. */
  #member(owner, { name, isMethod, isOptional, type, doc = NO_DOC }) {
    const [byDefault] = doc.default;
    const shown = isMethod ? type : `${name}${isOptional ? '?' : ''}: ${type}`;
    return [
      `#### \`${owner}.${name}\``,
      `\`${shown}\`${byDefault ? `, default: ${inLine(byDefault)}` : ''}`,
      ...this.#doc(doc, owner, this.#mentioned(type, owner)),
    ];
  }

  #doc({ text, param, returns, throws, example }, owner, others) {
    const facts = [
      ...param.map((said) => said.replace(/^(\S+)\s+/, '`$1`: ')),
      ...returns.map((said) => `Returns ${said}`),
      ...throws.map((said) => `Throws ${said.replace(/^\w+Error/, '`$&`')}`),
      ...others,
    ];
    return [
      ...(text === '' ? [] : [this.prose(text, owner)]),
      ...(facts.length > 0 ? [facts.map((fact) => `- ${this.prose(inLine(fact), owner)}`).join('\n')] : []),
      ...example.map((code) => this.#writeExample(this.#module, code)),
    ];
  }

  /** The public types in a type. */
  #mentioned(type, owner) {
    const names = new Set(type.replaceAll(/'[^']*'/g, '').match(/\b[A-Z]\w+/g));
    const links = Array.from(names)
      .filter((name) => name !== owner && this.#targets.has(name))
      .map((name) => this.link(name));
    return links.length > 0 ? [`See ${links.join(', ')}`] : [];
  }
}

const page = (blocks) => `${blocks.join('\n\n')}\n`;

const fence = (kind, code) => `\`\`\`${kind}\n${code}\n\`\`\``;

const inLine = (text) => text.replaceAll('\n', ' ');

const inCell = (text) => inLine(text).replaceAll('|', '\\|');

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
