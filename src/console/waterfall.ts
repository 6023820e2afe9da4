import { drawBar } from './bar.ts';
import { formatDuration } from './duration.ts';
import { nameOf } from './ended-span.ts';
import { endingOf, linksOf, shortId } from './notes.ts';
import type { Paint } from './terminal.ts';
import { plainText, textWidth, truncate } from './text.ts';
import type { Picture } from './trace-buffer.ts';
import { treeOf } from './tree.ts';

export interface DrawingRules {
  /** No line takes more cells than this; 20 at the least. */
  readonly width: number;
  readonly paint: Paint;
  /** The name of a trace's root, when it is known. */
  readonly nameOfTrace: (traceId: string) => string | undefined;
}

const GAP = '  ';
/** A bar in fewer cells would tell nothing: the names get its room. */
const SHORTEST_AXIS = 8;

/** Draws the id of a trace, then of every span its name, its bar on the common time axis, its duration and its notes. */
export function drawPicture(picture: Picture, { width, paint, nameOfTrace }: DrawingRules): string {
  const rows = treeOf(picture.spans, Math.floor(width / 3)).map((row) => ({
    ...row,
    name: nameOf(row.span),
    duration: formatDuration(row.end - row.start),
    ending: endingOf(row.span),
    links: linksOf(row.span, nameOfTrace),
  }));
  const total = most(rows, ({ end }) => end);
  const durationCells = most(rows, ({ duration }) => duration.length);
  const room = width - GAP.length - durationCells;
  const widestName = most(rows, ({ guide, name }) => guide.length + textWidth(name));
  const columnWithBar = Math.min(widestName, Math.floor(width * 0.45));
  const spare = room - columnWithBar - GAP.length;
  const [nameCells, barCells] =
    spare < SHORTEST_AXIS ? [Math.min(widestName, room), 0] : [columnWithBar, spare];

  const lines = [paint(headOf(picture, width, nameOfTrace), 'dim')];
  for (const { guide, guideBelow, name, duration, ending, links, ...interval } of rows) {
    const shown = truncate(name, nameCells - guide.length);
    const padding = ' '.repeat(nameCells - guide.length - textWidth(shown)) + GAP;
    const bar = barCells > 0 ? paint(drawBar(interval, total, barCells), ending?.style ?? 'cyan') + GAP : '';
    lines.push(
      paint(guide, 'dim') + paint(shown, ending?.style) + padding + bar + duration.padStart(durationCells),
    );
    for (const note of [ending, links]) {
      if (note === undefined) continue;
      lines.push(
        paint(guideBelow, 'dim') + paint(truncate(note.text, width - guideBelow.length), note.style),
      );
    }
  }
  return `${lines.join('\n')}\n\n`;
}

/** The whole id of the trace, which can be searched for elsewhere, or its beginning on a narrow terminal. */
function headOf({ kind, traceId }: Picture, width: number, nameOfTrace: DrawingRules['nameOfTrace']): string {
  const name = nameOfTrace(traceId);
  const about = {
    whole: '',
    late: ` · late spans${name === undefined ? '' : ` of ${name}`}`,
    incomplete: ' · its root is missing',
  }[kind];
  const head = `trace ${plainText(traceId)}${about}`;
  return textWidth(head) <= width ? head : truncate(`trace ${shortId(traceId)}${about}`, width);
}

function most<Row>(rows: readonly Row[], measure: (row: Row) => number): number {
  return rows.reduce((found, row) => Math.max(found, measure(row)), 0);
}
