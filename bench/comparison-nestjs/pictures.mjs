// The spans of one request as `oncespan/console` draws them, whoever made them.

import { stripVTControlCharacters } from 'node:util';
import { WaterfallSpanExporter } from '../../dist/console/index.js';
import { writePicture } from '../../scripts/terminal-picture.mjs';
import { arrived } from './spans.mjs';

const ID = /[0-9a-f]{32}/g;
const COLUMNS = 110;

/** A `POST /orders` whose payment fails, of a process that is warm. */
export async function drawPost(served) {
  const declined = { method: 'POST', body: { item: 'tea', card: 'declined' } };
  for (let i = 0; i < 20; i++) await served.getAnew('/orders', declined);
  const { spans } = await served.getAnew('/orders', declined);
  let drawn = '';
  const exporter = new WaterfallSpanExporter({
    stream: { write: (text) => (drawn += text) },
    color: true,
    width: COLUMNS,
  });
  const found = arrived(spans).map((span) => ({
    ...span,
    spanContext: () => ({ traceId: span.traceId, spanId: span.spanId, traceFlags: 1 }),
  }));
  await new Promise((resolve) => exporter.export(found, resolve));
  await exporter.shutdown();
  // The same picture from run to run, as far as that can be.
  return drawn.trim().replaceAll(ID, '…');
}

/** Writes what was drawn as pictures. @returns the part of the page that shows them */
export function pictureOf({ key, title }, drawn) {
  const name = `nestjs-${key}`;
  writePicture(name, drawn, COLUMNS);
  const lines = stripVTControlCharacters(drawn).split('\n').slice(1);
  const spans = lines.filter((line) => !line.includes('✗')).map((line) => /[^│├└─ ].*?(?=  )/.exec(line)[0]);
  return `<p><picture>
  <source media="(prefers-color-scheme: dark)" srcset="images/${name}-dark.svg" />
  <img src="images/${name}-light.svg" alt="The trace of ${title}: ${spans.join(', ').replaceAll('<', '&lt;')}" />
</picture></p>`;
}
