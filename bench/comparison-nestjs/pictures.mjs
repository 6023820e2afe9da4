// The spans of one request as `oncespan/console` draws them, whoever made them.

import { WaterfallSpanExporter } from '../../dist/console/index.js';
import { arrived } from './spans.mjs';

const ID = /[0-9a-f]{32}/g;

/** A `POST /orders` whose payment fails, of a process that is warm. */
export async function drawPost(served) {
  const declined = { method: 'POST', body: { item: 'tea', card: 'declined' } };
  for (let i = 0; i < 20; i++) await served.getAnew('/orders', declined);
  const { spans } = await served.getAnew('/orders', declined);
  let drawn = '';
  const exporter = new WaterfallSpanExporter({
    stream: { write: (text) => (drawn += text) },
    color: false,
    width: 110,
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
