// Orders over HTTP. test/jobs/next.test.ts runs it: `npm run example:next`.

import { traceTask } from 'oncespan';
import { after } from 'next/server';

const { STOCK, ORDER_TIMEOUT_MS = 30_000 } = process.env;

// The names are given, because the build of Next renames functions.
const reserve = traceTask(async (article: string) => {
  const response = await fetch(`${STOCK}/${article}`, { method: 'POST' });
  if (!response.ok) throw new RangeError(`${article}: ${await response.text()}`);
}, 'reserve');

const sendReceipt = traceTask(async (article: string) => `a receipt for a ${article}`, {
  name: 'send receipt',
  // Next waits for what runs in `after`, and so for this flush.
  flush: 'await',
});

export const POST = traceTask(
  async (request: Request) => {
    const article = await request.text();
    await reserve(article);
    after(() => sendReceipt(article));
    return Response.json({ article }, { status: 201 });
  },
  {
    name: 'place order',
    timeoutMs: Number(ORDER_TIMEOUT_MS),
    // Next makes a span around each request. Without this option, no task below that span would flush.
    waitUntil: (flushed) => after(() => flushed),
  },
);
