// What the package exports, as its source says it.

import { join } from 'node:path';
import * as ast from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';
import { readDocstring } from './docstring.mjs';
import { Source } from './source.mjs';

/** In the order in which a reader meets them, and what a reader wants of each first. */
const ENTRIES = [
  {
    module: 'oncespan',
    file: 'src/index.ts',
    page: 'oncespan.md',
    first: ['SpanOptions', 'TaskOptions', 'TracedOptions', 'LiveSpanOptions', 'TracingOptions'],
  },
  {
    module: 'oncespan/sdk',
    file: 'src/sdk/index.ts',
    page: 'sdk.md',
    first: ['startTracing', 'SerialBatchSpanProcessor'],
  },
  { module: 'oncespan/jobs', file: 'src/jobs/index.ts', page: 'jobs.md', first: [] },
  { module: 'oncespan/nestjs', file: 'src/nestjs/index.ts', page: 'nestjs.md', first: ['TracingModule'] },
  { module: 'oncespan/testing', file: 'src/testing/index.ts', page: 'testing.md', first: ['recordSpans'] },
  { module: 'oncespan/console', file: 'src/console/index.ts', page: 'console.md', first: [] },
];

/** Types without a public name that stand for `using`. */
const DISPOSALS = { Disposal: '`using`', AsyncDisposal: '`await using`' };

/** Of functions whose overloads say more to the compiler than to a reader. */
const IN_SHORT = {
  traceTask:
    'traceTask<F extends (...args: never[]) => unknown>(fn: F, nameOrOptions?: string | TaskOptions<Parameters<F>, ReturnType<F>>): F',
};

/**
 * @typedef {object} Member of a class or an interface
 * @property {string} name
 * @property {boolean} isMethod
 * @property {boolean} isOptional
 * @property {string} type for a method, its name and its signature
 * @property {object} [doc] what its docstring says
 *
 * @typedef {object} Item what is exported under a name
 * @property {string} name
 * @property {'function' | 'class' | 'value' | 'type'} kind
 * @property {object} [doc] what its docstring says
 * @property {string[]} declarations as in a declaration file
 * @property {string} [typeName] the exported name of a function's type
 * @property {string[]} [bases] whose members it has, too
 * @property {string[]} [usable] what it can be used with: `using`
 * @property {Member[]} [members]
 */

/** @returns for each entry `module`, `page`, `doc` and `items` */
export function readPublicNames(root) {
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProject: join(root, 'tsconfig.build.json') }).getProjects();
    const source = new Source(root, project);
    const entries = ENTRIES.map((entry) => ({ ...entry, ...source.exportsOf(join(root, entry.file)) }));
    for (const { name, node } of entries.flatMap(({ exported }) => exported))
      source.publicNames.set(node, name);
    return entries.map(({ exported, file: _file, first, ...entry }) => {
      const place = ({ name }) => (first.includes(name) ? first.indexOf(name) : first.length);
      const typesOfFunctions = new Set(exported.map(({ node }) => typeOfFunction(node, source)));
      const items = exported
        .filter(({ node }) => !typesOfFunctions.has(node))
        .toSorted((a, b) => place(a) - place(b))
        .map(({ name, node }) => itemOf(name, node, source));
      return { ...entry, items };
    });
  } finally {
    api.close();
  }
}

/** The interface that an exported constant is declared as, if that is what a function's type is. */
function typeOfFunction(node, source) {
  const type = ast.isVariableDeclaration(node) ? node.type : undefined;
  const declaration = type && ast.isTypeReferenceNode(type) ? source.declarationOf(type.typeName) : undefined;
  return declaration && ast.isInterfaceDeclaration(declaration) ? declaration : undefined;
}

/** @returns {Item} */
function itemOf(name, node, source) {
  const doc = docOf(node);
  if (ast.isVariableDeclaration(node)) return constantOf(name, node, source);
  if (ast.isFunctionDeclaration(node))
    return { name, kind: 'function', doc, declarations: [`function ${name}${source.signature(node)}`] };
  if (ast.isClassDeclaration(node)) return classOf(name, node, source);
  if (ast.isInterfaceDeclaration(node)) return interfaceOf(name, node, source);
  const declaration = `type ${name}${source.generics(node.typeParameters)} = ${source.typeText(node.type)}`;
  return { name, kind: 'type', doc, declarations: [declaration] };
}

function constantOf(name, node, source) {
  const doc = docOf(node.parent.parent);
  const typeNode = typeOfFunction(node, source);
  if (typeNode !== undefined) {
    const calls = typeNode.members.filter(ast.isCallSignatureDeclaration);
    const signatures =
      name in IN_SHORT ? [IN_SHORT[name]] : calls.map((call) => name + source.signature(call));
    const declarations = signatures.map((signature) => `function ${signature}`);
    return {
      name,
      kind: 'function',
      doc: docOf(calls[0]),
      declarations,
      typeName: source.publicNames.get(typeNode),
    };
  }
  const fn = node.type && ast.isFunctionTypeNode(node.type) ? node.type : node.initializer;
  if (ast.isFunctionTypeNode(fn) || ast.isArrowFunction(fn))
    return { name, kind: 'function', doc, declarations: [`function ${name}${source.signature(fn)}`] };
  return { name, kind: 'value', doc, declarations: [] };
}

/** Of its members those that have a docstring: what is there for others than those who use it has none. */
function classOf(name, node, source) {
  const members = node.members.filter(
    (member) => docOf(member) !== undefined && member.name?.getText().startsWith('#') !== true,
  );
  const constructor = members.find(ast.isConstructorDeclaration);
  return {
    name,
    kind: 'class',
    doc: both(docOf(node), constructor && docOf(constructor)),
    declarations: constructor ? [`class ${name} { constructor${source.signature(constructor)}; }`] : [],
    members: members.filter(ast.isMethodDeclaration).map((member) => memberOf(member, source)),
  };
}

function interfaceOf(name, node, source) {
  const item = { name, kind: 'type', doc: docOf(node), declarations: [] };
  if (node.members.some(ast.isCallSignatureDeclaration)) return item;
  const bases = [];
  const usable = [];
  const members = [...node.members];
  for (const base of node.heritageClauses?.flatMap(({ types }) => types) ?? []) {
    const text = base.expression.getText();
    const [from, omitted] = text === 'Omit' ? base.typeArguments : [];
    const declaration = source.declarationOf(from?.typeName ?? base.expression);
    const publicName = source.publicNames.get(declaration);
    if (publicName !== undefined) bases.push(publicName);
    else if (text in DISPOSALS) usable.push(DISPOSALS[text]);
    else if (source.isOwn(declaration)) {
      const isOmitted = (member) => omitted?.getText().includes(`'${member.name.getText()}'`) === true;
      members.push(...declaration.members.filter((member) => !isOmitted(member)));
    } else bases.push(base.getText());
  }
  return { ...item, bases, usable, members: members.map((member) => memberOf(member, source)) };
}

/** @returns {Member} */
function memberOf(node, source) {
  const name = node.name.getText();
  const isMethod = ast.isMethodDeclaration(node) || ast.isMethodSignatureDeclaration(node);
  const isOptional = node.questionToken !== undefined || node.postfixToken !== undefined;
  const type = isMethod ? name + source.signature(node) : source.typeText(node.type);
  return { name, isMethod, isOptional, type, doc: docOf(node) };
}

function docOf(node) {
  const text = node.jsDoc?.at(-1)?.getText();
  // Other comments may stand before it.
  return text && readDocstring(text.slice(text.lastIndexOf('/**')));
}

/** What two docstrings say together. */
function both(doc, other) {
  if (other === undefined) return doc;
  const { text, ...lists } = doc;
  const joined = Object.entries(lists).map(([key, list]) => [key, [...list, ...other[key]]]);
  return {
    text: [text, other.text].filter((each) => each !== '').join('\n\n'),
    ...Object.fromEntries(joined),
  };
}
