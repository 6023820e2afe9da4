// npm run picture: runs the first code block of the README, has `oncespan/console` draw its trace, and writes what a terminal would show
// as docs/images/trace-light.svg and trace-dark.svg.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { transform } from 'esbuild';
import { snippetsOf } from '../test/documentation/snippets.ts';
import { writePicture } from './terminal-picture.mjs';

await import('../test/documentation/ourselves.ts');
const { liveSpans } = await import('oncespan');
const { WaterfallSpanExporter } = await import('oncespan/console');
const { SerialBatchSpanProcessor, startTracing } = await import('oncespan/sdk');

const COLUMNS = 92;

writePicture('trace', await drawTrace(), COLUMNS);

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
