import { type Attributes, SpanStatusCode } from '@opentelemetry/api';
import { knownNames, writtenOutcome } from '../options/settings.ts';
import type { RecordedSpan } from './recorded-span.ts';
import { isObject } from '../platform/is-object.ts';

/** A span that a test expects: its name alone stands for a plain success without children. */
export type ExpectedSpan =
  | string
  | {
      readonly name: string;
      /** The error that it ended with: its type, its message, or `type: message`. */
      readonly error?: string;
      /** How the work ended, when it neither returned nor threw; `ignored` for an error in `ignoreErrors`. */
      readonly outcome?: 'aborted' | 'timed-out' | 'abandoned' | 'shutdown' | 'ignored';
      /** Compared with the attributes of these names; others may be there. */
      readonly attributes?: Attributes;
      /** Complete, in the order of their starts. */
      readonly children?: readonly ExpectedSpan[];
    };

interface Node {
  readonly text: string;
  readonly children: readonly Node[];
}

/** Every span under its parent, in the order of their starts, with how it ended and its attributes. */
export function recordedTree(spans: readonly RecordedSpan[]): string {
  // Shown in words of their own.
  const shown = new Set<string | null>(['error.type', ...knownNames.error, ...knownNames.outcome]);
  const nodeOf = (span: RecordedSpan): Node => {
    const attributes = Object.entries(span.attributes).filter(([key]) => !shown.has(key));
    return {
      text: textOf(span.name, endingOf(span), Object.fromEntries(attributes)),
      children: childrenOf(span, spans).map(nodeOf),
    };
  };
  return draw(childrenOf(undefined, spans).map(nodeOf));
}

/** The same, for a comparison: it says of each span what `expected` says of the one in its place. */
export function comparableTree(
  spans: readonly RecordedSpan[],
  expected: readonly ExpectedSpan[],
): { actual: string; wanted: string } {
  const nodeOf = (span: RecordedSpan, expectation: ExpectedSpan | undefined): Node => {
    const { error, attributes = {}, children = [] } = shapeOf(expectation ?? span.name);
    const named = Object.fromEntries(Object.keys(attributes).map((key) => [key, span.attributes[key]]));
    return {
      text: textOf(span.name, endingOf(span, error), named),
      children: childrenOf(span, spans).map((child, at) => nodeOf(child, children[at])),
    };
  };
  const wantedNode = (expectation: ExpectedSpan): Node => {
    const { name, error, outcome, attributes, children = [] } = shapeOf(expectation);
    return { text: textOf(name, endingText(outcome, error), attributes), children: children.map(wantedNode) };
  };
  return {
    actual: draw(childrenOf(undefined, spans).map((span, at) => nodeOf(span, expected[at]))),
    wanted: draw(expected.map(wantedNode)),
  };
}

function shapeOf(expected: ExpectedSpan): Exclude<ExpectedSpan, string> {
  return typeof expected === 'string' ? { name: expected } : expected;
}

function childrenOf(parent: RecordedSpan | undefined, spans: readonly RecordedSpan[]): RecordedSpan[] {
  return spans.filter((span) => span.parent === parent);
}

/** @param hoped the error as a test named it, repeated if it is what happened */
function endingOf(span: RecordedSpan, hoped?: string): string {
  if (!span.ended) return ' (live)';
  const outcome = writtenOutcome(span.attributes);
  const again = span.endCalls > 1 ? ` (ended ${span.endCalls} times)` : '';
  return endingText(outcome, errorOf(span, hoped)) + again;
}

function endingText(outcome: unknown, error: string | undefined): string {
  return (outcome === undefined ? '' : ` ⊘ ${String(outcome)}`) + (error === undefined ? '' : ` ✗ ${error}`);
}

function errorOf({ status, errors, attributes }: RecordedSpan, hoped?: string): string | undefined {
  if (status.code !== SpanStatusCode.ERROR) return undefined;
  const type = errors.at(-1)?.type ?? String(attributes['error.type'] ?? '');
  const message = errors.at(-1)?.message ?? status.message ?? '';
  const both = [type, message].filter((part) => part !== '').join(': ') || 'error';
  return hoped !== undefined && [type, message].includes(hoped) ? hoped : both;
}

function textOf(name: string, ending: string, attributes: Attributes = {}): string {
  const named = Object.entries(attributes).map(([key, value]) => `${key}=${literal(value)}`);
  // A name that looks like something else is quoted.
  return (
    (/[\n{}✗⊘()]/.test(name) ? literal(name) : name) +
    ending +
    (named.length > 0 ? ` {${named.join(', ')}}` : '')
  );
}

/** A value as one writes it down, so that values that differ are told apart, and none is too odd. */
function literal(value: unknown, depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (!isObject(value)) return String(value);
  try {
    if (depth > 5) return '…';
    if (Array.isArray(value)) return `[${value.map((item) => literal(item, depth + 1)).join(', ')}]`;
    const entries = Object.entries(value).map(([key, item]) => `${key}: ${literal(item, depth + 1)}`);
    const text = value instanceof Date ? value.toJSON() : value instanceof Error ? String(value) : '';
    return `${Object.prototype.toString.call(value).slice(8, -1)} ${text && `${text} `}{${entries.join(', ')}}`;
  } catch {
    return 'a value that cannot be read';
  }
}

function draw(nodes: readonly Node[], indent = ''): string {
  return nodes.map(({ text, children }) => indent + text + '\n' + draw(children, `${indent}  `)).join('');
}
