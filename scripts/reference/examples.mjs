import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// An example of a docstring becomes a code block that is type-checked like those of other pages (test/documentation). What it
// neither imports nor declares itself is imported in a comment before it: from this package, and from the shop of which all
// examples tell.

const SHOP = 'test/documentation/shop.ts';

/** @returns a function that makes a code block of an example in a docstring of `module` */
export function exampleWriter(root, entries) {
  const ofShop = namesOf(readFileSync(join(root, SHOP), 'utf8'), '../../shop.ts');
  const ofEntry = ({ module, items }) =>
    items.map(({ name, kind }) => ({ name, isType: kind === 'type', from: module }));
  return (module, example) => {
    const isOwn = (entry) => entry.module === module;
    const ofPackage = [...entries.filter(isOwn), ...entries.filter((entry) => !isOwn(entry))].flatMap(
      ofEntry,
    );
    const imported = new Map();
    for (const found of [...ofPackage, ...ofShop]) {
      if (!imported.has(found.name) && isUsed(found.name, example)) imported.set(found.name, found);
    }
    const imports = Map.groupBy(
      imported.values(),
      ({ from, isType }) => `${isType ? 'type ' : ''}{ … } from '${from}';`,
    );
    const before = Array.from(
      imports,
      ([form, found]) => `import ${form.replace('…', found.map(({ name }) => name).join(', '))}`,
    );
    const hidden = before.length > 0 ? ['<!-- before', ...before, '-->', ''] : [];
    const isLegacy = module === 'oncespan/nestjs' || example.includes('@SpanAttribute');
    return [...hidden, isLegacy ? '```ts legacy types' : '```ts types', example, '```'].join('\n');
  };
}

function namesOf(text, from) {
  const declared = text.matchAll(/^export (?:declare )?(const|function|class|interface) (\w+)/gm);
  const passedOn = text.matchAll(/^export \{ (.*) \} from/gm);
  return [
    ...Array.from(declared, ([, kind, name]) => ({ name, isType: kind === 'interface', from })),
    ...Array.from(passedOn, ([, names]) => names.split(', '))
      .flat()
      .map((name) => ({ name: name.replace('type ', ''), isType: name.startsWith('type '), from })),
  ];
}

/** Whether an example means something of this name that it does not declare; a property of this name is something else. */
function isUsed(name, example) {
  const code = example.replaceAll(/'[^'\n]*'|\/\/.*$/gm, '');
  const isDeclared = new RegExp(
    `(?:const|using|class|function) ${name}\\b|const \\{.*\\b${name}\\b.*\\} =`,
  ).test(code);
  return !isDeclared && new RegExp(`(?<!\\w|(?<!\\.\\.)\\.)${name}\\b(?!\\??:)`).test(code);
}
