import { join } from 'node:path';
import * as ast from 'typescript/unstable/ast';
import { readDocstring } from './docstring.mjs';

/** What is read of the library's source: names with what they stand for, and types as they are written. */
export class Source {
  /** Exported declarations, with the name that they are exported under. */
  publicNames = new Map();
  #folder;
  #program;
  #checker;

  /** @param project of TypeScript's API, with the source under `root` */
  constructor(root, { program, checker }) {
    this.#folder = join(root, 'src/');
    this.#program = program;
    this.#checker = checker;
  }

  /** The names that a file exports, in its order, with their declarations; and what its first docstring says. */
  exportsOf(path) {
    const file = this.#program.getSourceFile(path);
    const symbols = this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(file));
    const comment = /^\/\*\*[^]*?\*\//.exec(file.text)?.[0];
    return {
      doc: comment && readDocstring(comment),
      exported: symbols.map((symbol) => ({ name: symbol.name, node: this.#declared(symbol) })),
    };
  }

  /** Where a name was declared; for an imported one that is in another file. */
  declarationOf(identifier) {
    const symbol = this.#checker.getSymbolAtLocation(identifier);
    return symbol && this.#declared(symbol);
  }

  #declared(symbol) {
    const first = symbol.declarations[0]?.resolve();
    const isAlias = first !== undefined && (ast.isExportSpecifier(first) || ast.isImportSpecifier(first));
    return isAlias ? this.#checker.getAliasedSymbol(symbol).declarations[0]?.resolve() : first;
  }

  isOwn(declaration) {
    return declaration?.getSourceFile().fileName.startsWith(this.#folder) === true;
  }

  /** Type parameters, parameters and result, of whatever has them. */
  signature({ typeParameters, parameters, type }) {
    const list = parameters.map(({ dotDotDotToken, name, questionToken, initializer, type: given }) => {
      const shown = ast.isIdentifier(name) ? name.text : 'options';
      return `${dotDotDotToken ? '...' : ''}${shown}${questionToken || initializer ? '?' : ''}: ${this.typeText(given)}`;
    });
    return `${this.generics(typeParameters)}(${list.join(', ')})${type ? `: ${this.typeText(type)}` : ''}`;
  }

  generics(typeParameters) {
    return typeParameters ? `<${typeParameters.map((each) => this.typeText(each)).join(', ')}>` : '';
  }

  /** A type as it stands in the source; a name of ours that is not public is replaced by what it stands for. */
  typeText(node) {
    if (ast.isTypeReferenceNode(node)) return this.#referenceText(node);
    const children = [];
    node.forEachChild((child) => void children.push(child));
    const { text } = node.getSourceFile();
    let written = '';
    let at = node.getStart();
    for (const child of children) {
      written += text.slice(at, child.getStart()) + this.typeText(child);
      at = child.getEnd();
    }
    return written + text.slice(at, node.getEnd());
  }

  #referenceText({ typeName, typeArguments }) {
    const declaration = this.declarationOf(typeName);
    const publicName = this.publicNames.get(declaration);
    if (publicName === undefined && this.isOwn(declaration) && declaration.typeParameters === undefined) {
      if (ast.isInterfaceDeclaration(declaration)) {
        return `{ ${declaration.members.map((member) => this.typeText(member)).join(' ')} }`;
      }
      // `Class` says to a reader what it is.
      const isInlined =
        ast.isTypeAliasDeclaration(declaration) && !ast.isConstructorTypeNode(declaration.type);
      // The formatter takes off parentheses that are not needed.
      if (isInlined) return `(${this.typeText(declaration.type)})`;
    }
    const args = typeArguments?.map((each) => this.typeText(each));
    return (publicName ?? typeName.getText()) + (args ? `<${args.join(', ')}>` : '');
  }
}
