// What the package exports, as its source says it: declarations with their docstrings, and types as they are written there.

import { join } from 'node:path';
import * as ast from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';
import { readDocstring } from './docstring.mjs';

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
  { module: 'oncespan/jobs', file: 'src/jobs/index.ts', page: 'jobs.md' },
  { module: 'oncespan/nestjs', file: 'src/nestjs/index.ts', page: 'nestjs.md', first: ['TracingModule'] },
  { module: 'oncespan/testing', file: 'src/testing/index.ts', page: 'testing.md', first: ['recordSpans'] },
  { module: 'oncespan/console', file: 'src/console/index.ts', page: 'console.md' },
];

/** Types without a name of their own that stand for `using`. */
const DISPOSALS = { Disposal: '`using`', AsyncDisposal: '`await using`' };

/** Of functions whose overloads say more to the compiler than to a reader. */
const IN_SHORT = {
  traceTask:
    'traceTask<F extends (...args: never[]) => unknown>(fn: F, nameOrOptions?: string | TaskOptions<Parameters<F>, ReturnType<F>>): F',
};

/** @returns for each entry what it exports, in the order of its source */
export function readPublicNames(root) {
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProject: join(root, 'tsconfig.build.json') }).getProjects();
    return new Reader(root, project).entries();
  } finally {
    api.close();
  }
}

class Reader {
  #root;
  #project;
  /** Exported declarations, with the name that they are exported under. */
  #publicNames = new Map();

  constructor(root, project) {
    this.#root = root;
    this.#project = project;
  }

  entries() {
    const { program, checker } = this.#project;
    const entries = ENTRIES.map((entry) => {
      const source = program.getSourceFile(join(this.#root, entry.file));
      const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
      return {
        ...entry,
        source,
        exported: symbols.map((symbol) => ({ name: symbol.name, node: this.#declared(symbol) })),
      };
    });
    for (const { exported } of entries)
      for (const { name, node } of exported) this.#publicNames.set(node, name);
    return entries.map(({ source, exported, first = [], ...entry }) => {
      const items = exported.map(({ name, node }) => this.#item(name, node));
      const typesOfFunctions = new Set(items.map(({ typeNode }) => typeNode));
      const place = ({ name }) => (first.includes(name) ? first.indexOf(name) : first.length);
      return {
        ...entry,
        doc: moduleDoc(source),
        items: items
          .filter(({ node }) => !typesOfFunctions.has(node))
          .toSorted((a, b) => place(a) - place(b))
          .map(({ node: _node, typeNode, ...item }) => ({
            ...item,
            typeName: this.#publicNames.get(typeNode),
          })),
      };
    });
  }

  #item(name, node) {
    if (ast.isVariableDeclaration(node)) return this.#constant(name, node);
    if (ast.isFunctionDeclaration(node)) {
      return { name, node, kind: 'function', doc: docOf(node), signatures: [name + this.#signature(node)] };
    }
    if (ast.isClassDeclaration(node)) return this.#class(name, node);
    if (ast.isInterfaceDeclaration(node)) return this.#interface(name, node);
    const { typeParameters, type } = node;
    const parameters = typeParameters ? `<${typeParameters.map((each) => each.getText()).join(', ')}>` : '';
    const doc = docOf(node);
    return {
      name,
      node,
      kind: 'type',
      doc,
      signatures: [`type ${name}${parameters} =${broken(this.#text(type))}`],
    };
  }

  #constant(name, node) {
    const statement = node.parent.parent;
    const { type, initializer } = node;
    const typeNode = type && ast.isTypeReferenceNode(type) ? this.#declarationOf(type.typeName) : undefined;
    if (typeNode !== undefined && ast.isInterfaceDeclaration(typeNode)) {
      const calls = typeNode.members.filter(ast.isCallSignatureDeclaration);
      const signatures = IN_SHORT[name]
        ? [IN_SHORT[name]]
        : calls.map((call) => name + this.#signature(call));
      return { name, node, typeNode, kind: 'function', doc: docOf(calls[0]), signatures };
    }
    const fn = type && ast.isFunctionTypeNode(type) ? type : initializer;
    if (ast.isFunctionTypeNode(fn) || ast.isArrowFunction(fn)) {
      return {
        name,
        node,
        kind: 'function',
        doc: docOf(statement),
        signatures: [name + this.#signature(fn)],
      };
    }
    return { name, node, kind: 'value', doc: docOf(statement), signatures: [] };
  }

  #class(name, node) {
    const isPublic = (member) => docOf(member) !== undefined && !member.name?.getText().startsWith('#');
    const constructor = node.members.find(
      (member) => ast.isConstructorDeclaration(member) && isPublic(member),
    );
    const methods = node.members.filter((member) => ast.isMethodDeclaration(member) && isPublic(member));
    const signatures = constructor ? [`constructor${this.#signature(constructor)}`] : [];
    const doc = both(docOf(node), constructor && docOf(constructor));
    return {
      name,
      node,
      kind: 'class',
      doc,
      signatures,
      members: methods.map((method) => this.#member(method)),
    };
  }

  #interface(name, node) {
    const calls = node.members.filter(ast.isCallSignatureDeclaration);
    if (calls.length > 0) return { name, node, kind: 'type', doc: docOf(node), signatures: [] };
    const { members, bases, usable } = this.#inherited(node);
    const own = node.members.map((member) => this.#member(member));
    return {
      name,
      node,
      kind: 'type',
      doc: docOf(node),
      signatures: [],
      bases,
      usable,
      members: [...own, ...members],
    };
  }

  /** What an interface has from others: of those that have no public name their members, of the rest the names. */
  #inherited(node) {
    const members = [];
    const bases = [];
    const usable = [];
    for (const base of node.heritageClauses?.flatMap(({ types }) => types) ?? []) {
      const isOmit = base.expression.getText() === 'Omit';
      const [of, omitted] = base.typeArguments ?? [];
      const declaration = this.#declarationOf(isOmit ? of.typeName : base.expression);
      const publicName = this.#publicNames.get(declaration);
      if (publicName !== undefined) bases.push(publicName);
      else if (base.expression.getText() in DISPOSALS) usable.push(DISPOSALS[base.expression.getText()]);
      else if (declaration?.getSourceFile().fileName.startsWith(join(this.#root, 'src/')) ?? false) {
        const left = declaration.members.filter(
          (member) => !omitted?.getText().includes(`'${member.name.getText()}'`),
        );
        members.push(...left.map((member) => this.#member(member)));
      } else bases.push(base.getText());
    }
    return { members, bases, usable };
  }

  #member(node) {
    const name = node.name.getText();
    const isMethod = ast.isMethodDeclaration(node) || ast.isMethodSignatureDeclaration(node);
    const isOptional = node.questionToken !== undefined || node.postfixToken !== undefined;
    const type = isMethod ? name + this.#signature(node) : this.#text(node.type);
    return { name, isMethod, isOptional, type: oneLine(type), doc: docOf(node) };
  }

  #signature({ typeParameters, parameters, type }) {
    const generics = typeParameters ? `<${typeParameters.map((each) => each.getText()).join(', ')}>` : '';
    const list = parameters.map((parameter) => {
      const isOptional = parameter.questionToken !== undefined || parameter.initializer !== undefined;
      const { dotDotDotToken, name } = parameter;
      return `${dotDotDotToken ? '...' : ''}${ast.isIdentifier(name) ? name.text : 'options'}${isOptional ? '?' : ''}: ${this.#text(parameter.type)}`;
    });
    return `${generics}(${list.join(', ')})${type ? `: ${this.#text(type)}` : ''}`;
  }

  /** A type as it stands in the source; what has no public name is replaced by what it stands for. */
  #text(node) {
    if (ast.isTypeReferenceNode(node) && ast.isIdentifier(node.typeName)) {
      const declaration = this.#declarationOf(node.typeName);
      const name = this.#publicNames.get(declaration) ?? node.typeName.text;
      const isInlined =
        !this.#publicNames.has(declaration) &&
        declaration !== undefined &&
        declaration.getSourceFile().fileName.startsWith(join(this.#root, 'src/')) &&
        declaration.typeParameters === undefined;
      // `Class` says to a reader what it is.
      if (
        isInlined &&
        ast.isTypeAliasDeclaration(declaration) &&
        !ast.isConstructorTypeNode(declaration.type)
      ) {
        const text = this.#text(declaration.type);
        return /=>|[|&]/.test(text) && !ast.isTypeAliasDeclaration(node.parent)
          ? this.#enclosed(node, text)
          : text;
      }
      if (isInlined && ast.isInterfaceDeclaration(declaration)) {
        return `{ ${declaration.members.map((member) => this.#text(member).replace(/;$/, '')).join('; ')} }`;
      }
      const args = node.typeArguments?.map((each) => this.#text(each));
      return name + (args ? `<${args.join(', ')}>` : '');
    }
    const children = [];
    node.forEachChild((child) => void children.push(child));
    let text = '';
    let at = node.getStart();
    const source = node.getSourceFile().text;
    for (const child of children) {
      text += source.slice(at, child.getStart());
      text += isTypeLike(child) ? this.#text(child) : child.getText();
      at = child.getEnd();
    }
    return text + source.slice(at, node.getEnd());
  }

  /** A union among others of a union, or a property's whole type, needs no parentheses; an element of an array does. */
  #enclosed(node, text) {
    const { parent } = node;
    const isAlone = [
      ast.isPropertySignatureDeclaration,
      ast.isParameterDeclaration,
      ast.isTypeParameterDeclaration,
    ];
    return isAlone.some((is) => is(parent)) || (ast.isUnionTypeNode(parent) && !text.includes('=>'))
      ? text
      : `(${text})`;
  }

  #declarationOf(identifier) {
    const symbol = this.#project.checker.getSymbolAtLocation(identifier);
    return symbol && this.#declared(symbol);
  }

  #declared(symbol) {
    const { checker } = this.#project;
    const [first] = symbol.declarations.map((handle) => handle.resolve());
    const isAlias = first !== undefined && (ast.isExportSpecifier(first) || ast.isImportSpecifier(first));
    const [declaration] = isAlias ? checker.getAliasedSymbol(symbol).declarations : symbol.declarations;
    return declaration?.resolve();
  }
}

/** Whether something may name types: their names are to be looked at, too. */
function isTypeLike(node) {
  return !ast.isIdentifier(node);
}

function docOf(node) {
  const text = node.jsDoc?.at(-1)?.getText();
  // Other comments may stand before it.
  return text && readDocstring(text.slice(text.lastIndexOf('/**')));
}

/** What two docstrings say together. */
function both(doc, other) {
  if (other === undefined) return doc;
  const lists = Object.entries(doc).filter(([key]) => key !== 'text');
  return {
    text: [doc.text, other.text].filter((text) => text !== '').join('\n\n'),
    ...Object.fromEntries(lists.map(([key, list]) => [key, [...list, ...other[key]]])),
  };
}

/** What stands above the imports or exports of an entry. */
function moduleDoc(source) {
  const comment = /^\/\*\*[^]*?\*\//.exec(source.text)?.[0];
  return comment && readDocstring(comment);
}

/** A union that takes several lines begins on one of its own, as the formatter has it. */
const broken = (type) => (type.startsWith('|') ? `\n  ${type}` : ` ${type}`);

const oneLine = (text) => text.replaceAll(/\s+/g, ' ').trim();
