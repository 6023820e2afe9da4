// What a terminal shows of a text that has been painted, as docs/images/NAME-light.svg and NAME-dark.svg.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './consumer.mjs';

/** Of a cell of the terminal, in pixels. */
const CELL = { width: 8.4, height: 20 };
const MARGIN = 16;

/** By the codes that the exporter paints with; 0 is text that is not painted. */
const THEMES = {
  light: {
    paper: '#ffffff',
    frame: '#d1d9e0',
    0: '#1f2328',
    2: '#818b98',
    31: '#cf222e',
    33: '#9a6700',
    35: '#8250df',
    36: '#0969da',
  },
  dark: {
    paper: '#0d1117',
    frame: '#3d444d',
    0: '#f0f6fc',
    2: '#9198a1',
    31: '#ff7b72',
    33: '#d29922',
    35: '#bc8cff',
    36: '#58a6ff',
  },
};

/** Splits a line at what paints it, and keeps the codes. */
const PAINT = new RegExp(`${String.fromCharCode(27)}\\[(\\d+)m`);

export function writePicture(name, printed, columns) {
  const lines = printed.trimEnd().split('\n').map(runsOf);
  mkdirSync(join(ROOT, 'docs/images'), { recursive: true });
  for (const [theme, colors] of Object.entries(THEMES)) {
    writeFileSync(join(ROOT, `docs/images/${name}-${theme}.svg`), svgOf(lines, columns, colors));
  }
}

/** A line as pieces of one colour: where each begins, in cells. */
function runsOf(line) {
  let column = 0;
  let color = 0;
  return line.split(PAINT).flatMap((piece, at) => {
    if (at % 2 === 1) {
      color = Number(piece);
      return [];
    }
    const start = column;
    column += piece.length;
    return Array.from(piece.matchAll(/[█▌▐]+|[^█▌▐ ]+(?: [^█▌▐ ]+)*/g), ({ 0: text, index }) => ({
      text,
      color,
      column: start + index,
    }));
  });
}

function svgOf(rows, columns, theme) {
  const width = Math.round(columns * CELL.width + 2 * MARGIN);
  const height = rows.length * CELL.height + 2 * MARGIN;
  const body = rows.flatMap((runs, row) => runs.map((run) => elementOf(run, row, theme)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6" fill="${theme.paper}" stroke="${theme.frame}"/>
${body.join('\n')}
</svg>
`;
}

function elementOf({ text, color, column }, row, theme) {
  const x = MARGIN + column * CELL.width;
  const y = MARGIN + row * CELL.height;
  const round = (number) => Math.round(number * 10) / 10;
  if (!/^[█▌▐]/.test(text)) {
    // Whatever the font, what stands below each other in the terminal does so here.
    const length = round(text.length * CELL.width);
    return `<text x="${round(x)}" y="${y + 15}" textLength="${length}" lengthAdjust="spacingAndGlyphs" fill="${theme[color]}" xml:space="preserve">${escaped(text)}</text>`;
  }
  const from = text.startsWith('▐') ? 0.5 : 0;
  const to = text.length - (text.endsWith('▌') ? 0.5 : 0);
  return `<rect x="${round(x + from * CELL.width)}" y="${y + 4}" width="${round((to - from) * CELL.width)}" height="${CELL.height - 8}" rx="2" fill="${theme[color]}"/>`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
