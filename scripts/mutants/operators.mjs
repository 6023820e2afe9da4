// The small changes that are tried, as rules over the syntax tree of a file.
import { parseSync, visitorKeys } from 'oxc-parser';

/**
 * @typedef {object} Mutant
 * @property {number} start where the changed node starts in the file
 * @property {number} end
 * @property {'expression' | 'statement' | 'block' | 'else'} place how the change is switched on: see instrument.mjs
 * @property {string} operator the name of the rule
 * @property {string} replacement what stands in place of the node
 */

const NEGATED = {
  '===': ['!=='],
  '!==': ['==='],
  '==': ['!='],
  '!=': ['=='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  in: [],
  instanceof: [],
};
const ARITHMETIC = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&': '|',
  '|': '&',
  '^': '&',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
};
const ASSIGNMENT = { '+=': '-=', '-=': '+=', '||=': '&&=', '&&=': '||=', '??=': '&&=', '*=': '/=' };

/** Nodes of types, and others in which nothing runs. */
const isErased = (node) =>
  (node.type.startsWith('TS') &&
    !['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression', 'TSInstantiationExpression'].includes(
      node.type,
    )) ||
  ['ImportDeclaration', 'ExportAllDeclaration'].includes(node.type);

/** What a change of an object's type arguments leaves alone. */
const SKIPPED_KEYS = new Set([
  'typeAnnotation',
  'returnType',
  'typeParameters',
  'typeArguments',
  'superTypeArguments',
  'decorators',
]);

/** Without the wrappers that only types see. */
function bare(node) {
  while (
    ['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression', 'ParenthesizedExpression'].includes(
      node.type,
    )
  )
    node = node.expression;
  return node;
}

const isText = (node) =>
  node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');

/** @returns {Mutant[]} every change that the rules know for a file, in the order of the source */
export function findMutants(path, source) {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  /** @type {Mutant[]} */
  const mutants = [];
  const text = ({ start, end }) => source.slice(start, end);
  const add = (node, place, operator, replacement) =>
    mutants.push({ start: node.start, end: node.end, place, operator, replacement });
  const change = (node, operator, replacement) => add(node, 'expression', operator, replacement);

  /** The text of a node with one stretch of it replaced. */
  const spliced = (node, start, end, replacement) =>
    source.slice(node.start, start) + replacement + source.slice(end, node.end);
  const test = (node) => {
    change(node, 'condition', 'true');
    change(node, 'condition', 'false');
  };

  const rules = {
    IfStatement({ test: condition, consequent, alternate }) {
      test(condition);
      if (consequent.type === 'BlockStatement') emptied(consequent);
      if (alternate) add(alternate, 'statement', 'else', '');
    },
    ConditionalExpression({ test: condition }) {
      test(condition);
    },
    WhileStatement({ test: condition, body }) {
      change(condition, 'condition', 'false');
      if (body.type === 'BlockStatement') emptied(body);
    },
    ForStatement({ test: condition, body }) {
      if (condition) change(condition, 'condition', 'false');
      if (body.type === 'BlockStatement') emptied(body);
    },
    ForOfStatement({ body }) {
      add(body, 'statement', 'loop', '');
    },
    BinaryExpression(node) {
      const { operator, left, right } = node;
      if (operator in NEGATED) {
        for (const other of NEGATED[operator])
          change(node, 'comparison', `(${text(left)}) ${other} (${text(right)})`);
        if (NEGATED[operator].length === 0) change(node, 'comparison', `!(${text(node)})`);
      } else if (operator in ARITHMETIC && !isText(bare(left)) && !isText(bare(right)))
        change(node, 'arithmetic', `(${text(left)}) ${ARITHMETIC[operator]} (${text(right)})`);
    },
    LogicalExpression(node) {
      const { operator, left, right } = node;
      if (operator === '??') {
        change(node, 'logical', text(left));
        change(node, 'logical', text(right));
      } else change(node, 'logical', `(${text(left)}) ${operator === '&&' ? '||' : '&&'} (${text(right)})`);
    },
    UnaryExpression(node) {
      const { operator, argument } = node;
      if (operator === '!') change(node, 'negation', text(argument));
      if (operator === '-' && bare(argument).type !== 'Literal') change(node, 'arithmetic', text(argument));
    },
    UpdateExpression(node) {
      const other = node.operator === '++' ? '--' : '++';
      change(node, 'arithmetic', node.prefix ? other + text(node.argument) : text(node.argument) + other);
    },
    AssignmentExpression(node) {
      const other = ASSIGNMENT[node.operator];
      if (!other) return;
      change(node, 'assignment', `${text(node.left)} ${other} (${text(node.right)})`);
    },
    ExpressionStatement(node) {
      if (node.directive) return;
      if (bare(node.expression).type === 'Literal') return;
      add(node, 'statement', 'statement', '');
    },
    ThrowStatement(node) {
      add(node, 'statement', 'statement', '');
    },
    BreakStatement(node) {
      add(node, 'statement', 'statement', '');
    },
    ContinueStatement(node) {
      add(node, 'statement', 'statement', '');
    },
    ReturnStatement(node) {
      const { argument } = node;
      if (argument === null) add(node, 'statement', 'statement', '');
      else returned(argument);
    },
    ArrowFunctionExpression({ body, expression }) {
      if (expression) returned(body);
      else emptied(body);
    },
    FunctionDeclaration({ body }) {
      if (body) emptied(body);
    },
    FunctionExpression({ body }) {
      if (body) emptied(body);
    },
    CatchClause({ body }) {
      emptied(body);
    },
    TryStatement({ finalizer }) {
      if (finalizer) emptied(finalizer);
    },
    ChainExpression(node) {
      for (const start of optionalDots(node)) {
        const isCallOrIndex = /^\?\.\s*[[(]/.test(source.slice(start, node.end));
        change(node, 'optional chaining', spliced(node, start, start + 2, isCallOrIndex ? '' : '.'));
      }
    },
    Literal(node) {
      const { value } = node;
      if (typeof value === 'string') change(node, 'string', value === '' ? "'mutant'" : "''");
      else if (typeof value === 'boolean') change(node, 'boolean', String(!value));
      else if (typeof value === 'number') change(node, 'number', value === 0 ? '1' : `${text(node)} + 1`);
    },
    TemplateLiteral(node) {
      change(node, 'string', '``');
    },
  };

  function emptied(block) {
    if (block.body.length > 0) add(block, 'block', 'block', '{}');
  }
  /** `undefined` is returned as it is already; a promise or a condition is changed by its own rule, too. */
  function returned(node) {
    const { type, name, argument } = bare(node);
    if (type === 'Identifier' && name === 'undefined') return;
    if (type === 'UnaryExpression' && bare(node).operator === 'void' && argument.type === 'Literal') return;
    if (type === 'TemplateLiteral' || type === 'Literal') return;
    change(node, 'returned value', 'undefined');
  }
  /** The positions of every `?.` that belongs to a chain itself, and not to something inside it. */
  function optionalDots(chain) {
    const found = [];
    let node = chain.expression;
    while (node) {
      if (node.type === 'TSNonNullExpression') node = node.expression;
      else if (node.type === 'CallExpression' || node.type === 'MemberExpression') {
        const inner = node.type === 'CallExpression' ? node.callee : node.object;
        if (node.optional) found.push(source.indexOf('?.', inner.end));
        node = inner;
      } else break;
    }
    return found;
  }

  function visit(node, parent, key) {
    if (isErased(node)) return;
    // Nothing runs in a key, nor in what is only a name.
    if ((node.type === 'Literal' || node.type === 'TemplateLiteral') && isName(node, parent, key)) return;
    rules[node.type]?.(node, parent, key);
    for (const child of visitorKeys[node.type] ?? []) {
      if (SKIPPED_KEYS.has(child)) continue;
      const value = node[child];
      if (Array.isArray(value)) {
        for (const each of value) if (each) visit(each, node, child);
      } else if (value) visit(value, node, child);
    }
  }

  function isName(node, parent, key) {
    if (
      ['Property', 'PropertyDefinition', 'MethodDefinition'].includes(parent.type) &&
      key === 'key' &&
      !parent.computed
    )
      return true;
    if (parent.type === 'TaggedTemplateExpression') return true;
    return ['ExportNamedDeclaration', 'ImportExpression'].includes(parent.type);
  }

  visit(program, undefined, undefined);
  // The same change of the same stretch, found by two rules.
  const seen = new Set();
  return mutants.filter(({ start, end, replacement }) => {
    const same = `${start} ${end} ${replacement}`;
    if (seen.has(same)) return false;
    seen.add(same);
    return true;
  });
}
