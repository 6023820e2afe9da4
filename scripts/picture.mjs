// npm run picture: runs the first code block of the README, has `oncespan/console` draw its trace, and writes what a terminal would show
// as docs/images/trace-light.svg and trace-dark.svg.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { transform } from 'esbuild';
import { snippetsOf } from '../test/documentation/snippets.ts';
import { ROOT } from './consumer.mjs';

await import('../test/documentation/ourselves.ts');
const { liveSpans } = await import('oncespan');
const { WaterfallSpanExporter } = await import('oncespan/console');
const { SerialBatchSpanProcessor, startTracing } = await import('oncespan/sdk');

const COLUMNS = 92;
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

const lines = (await drawTrace()).trimEnd().split('\n').map(runsOf);
mkdirSync(join(ROOT, 'docs/images'), { recursive: true });
for (const [name, theme] of Object.entries(THEMES)) {
  writeFileSync(join(ROOT, `docs/images/trace-${name}.svg`), svgOf(lines, theme));
}

/** What the exporter prints of the README's first example. */
async function drawTrace() {
  let printed = '';
  const stream = { write: (text) => void (printed += text) };
  const exporter = new WaterfallSpanExporter({ stream, color: true, width: COLUMNS });
  const lease = await startTracing(
    () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(exporter)] }),
  );
  const { code } = await transform(snippetsOf('README.md')[0].whole, {
    loader: 'ts',
    target: 'es2022',
    keepNames: true,
  });
  const file = join(mkdtempSync(join(tmpdir(), 'program-')), 'readme.mjs');
  writeFileSync(file, code);
  // What the page checks is checked by the suite.
  globalThis.spans = { live: liveSpans, only() {} };
  await import(pathToFileURL(file).href);
  await lease.release();
  if (printed === '') throw new Error('nothing was drawn');
  return printed;
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

function svgOf(rows, theme) {
  const width = Math.round(COLUMNS * CELL.width + 2 * MARGIN);
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
