import type { Interval } from './bar.ts';
import type { EndedSpan } from './ended-span.ts';

/** A span in its place; times in nanoseconds since the earliest start. */
export interface TreeRow extends Interval {
  readonly span: EndedSpan;
  /** The lines that lead to its name. */
  readonly guide: string;
  /** The lines that pass below its name, to its children and siblings. */
  readonly guideBelow: string;
}

interface Node extends Interval {
  readonly span: EndedSpan;
  readonly children: Node[];
}

/**
 * Orders spans as a tree, siblings by their start. Every span is in it exactly once: one whose parent is missing is a
 * root, and so is the earliest one of a cycle.
 *
 * @param widest cells of the widest guide; deeper ones are cut at their left, so that names keep some room
 */
export function treeOf(spans: readonly EndedSpan[], widest: number): TreeRow[] {
  const nodes = nodesOf(spans);
  const unplaced = new Set(nodes);
  const rows: TreeRow[] = [];
  // A stack instead of a recursion: that of the application may have been deeper than ours could go.
  const place = (root: Node) => {
    const waiting = [{ node: root, guide: '', indent: '' }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { node, guide, indent } = next;
      unplaced.delete(node);
      const children = node.children.filter((child) => unplaced.has(child));
      const guideBelow = cutLeft(indent + (children.length > 0 ? '│  ' : '   '), widest);
      rows.push({ span: node.span, start: node.start, end: node.end, guide, guideBelow });
      children.reverse().forEach((child, fromLast) => {
        const [branch, passing] = fromLast === 0 ? ['└─ ', '   '] : ['├─ ', '│  '];
        const below = { guide: cutLeft(indent + branch, widest), indent: cutLeft(indent + passing, widest) };
        waiting.push({ node: child, ...below });
      });
    }
  };
  for (const root of rootsOf(nodes)) place(root);
  for (const node of unplaced) place(node);
  return rows;
}

/** In the order of their starts. */
function nodesOf(spans: readonly EndedSpan[]): Node[] {
  // Relative to one of them: nanoseconds since the epoch do not fit into a number.
  const [seconds, nanoseconds] = spans[0]?.startTime ?? [0, 0];
  const relative = (time: readonly [number, number]) => (time[0] - seconds) * 1e9 + (time[1] - nanoseconds);
  const origin = spans.reduce((earliest, span) => Math.min(earliest, relative(span.startTime)), 0);
  return spans
    .map((span): Node => {
      const start = relative(span.startTime) - origin;
      return { span, start, end: Math.max(start, relative(span.endTime) - origin), children: [] };
    })
    .sort((one, other) => one.start - other.start);
}

/** Hangs every node below its parent. @returns those that have none here */
function rootsOf(nodes: readonly Node[]): Node[] {
  const byId = new Map(nodes.map((node) => [node.span.spanContext().spanId, node]));
  return nodes.filter((node) => {
    const parent = byId.get(node.span.parentSpanContext?.spanId ?? '');
    parent?.children.push(node);
    return parent === undefined;
  });
}

function cutLeft(guide: string, cells: number): string {
  return guide.length <= cells ? guide : `…${guide.slice(guide.length - cells + 1)}`;
}
