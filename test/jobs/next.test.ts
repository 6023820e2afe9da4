import { beforeEach, describe, expect, test, vi } from 'vitest';
import { deferred } from '../harness.ts';
import type { ReceivedSpan } from '../otlp-receiver.ts';
import { NextServer } from './next-server.ts';
import { receivedRows } from './received-rows.ts';
import { Stock } from './stock.ts';

// examples/jobs/next as `next build` makes it, exporting over OTLP/HTTP.

// Other processes do not know of the clock of the test.
beforeEach(() => void vi.useRealTimers());

const CLIENT = 'b7ad6b7169203331';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const ANOTHER_TRACE = '5759e988bd862e3fe1be46a994272793';

/** Of Next's own spans, those around ours and below them; it also has some about what it loads and prepares. */
const OF_NEXT = ['BaseServer.handleRequest', 'AppRouteRouteHandlers.runHandler', 'AppRender.fetch'];

const { NEXT_PROJECT: project } = process.env;

describe.skipIf(project === undefined)('Next 16 (skipped without `npm run example:next`)', () => {
  async function start(env: Readonly<Record<string, string>> = {}) {
    const stock = await Stock.open();
    const server = await NextServer.start(project!, { STOCK: stock.url, ...env });
    const order = (body: string, traceId = TRACE, options: RequestInit = {}) =>
      server.request('/orders', { body, headers: { traceparent: `00-${traceId}-${CLIENT}-01` }, ...options });

    /**
     * The spans of the trace, Next's and then ours, which an export does not mix. Next's last one ends when the request has, and
     * goes with what is flushed then.
     */
    const rows = async () => {
      while (!server.has(TRACE, 'POST /orders')) await order('coat', ANOTHER_TRACE);
      const spans = server.spansOf(TRACE);
      const typeOf = ({ attributes }: ReceivedSpan) => attributes['next.span_type'];
      const all = receivedRows(spans, { [CLIENT]: 'the client' });
      const ofNext = all.filter((_row, i) => OF_NEXT.includes(String(typeOf(spans[i]!))));
      return [
        ...ofNext.map(({ attributes: _theirs, name, ...row }) => ({
          name: name.replace(stock.url, 'STOCK'),
          ...row,
        })),
        ...all.filter((_row, i) => typeOf(spans[i]!) === undefined),
      ];
    };
    return { stock, server, order, rows };
  }

  const asked = (article: string) => ({
    name: `fetch POST STOCK/${article}`,
    kind: 'CLIENT',
    parent: 'reserve',
  });
  const reserved = { name: 'reserve', parent: 'place order' };
  const placed = { name: 'place order', parent: 'executing api route (app) /orders' };
  const executed = { name: 'executing api route (app) /orders', parent: 'POST /orders' };
  const requested = { name: 'POST /orders', kind: 'SERVER', parent: 'the client' };
  const receipt = { name: 'send receipt', parent: 'place order' };

  test('a request, and what runs after it, below the span of Next', async () => {
    const { server, order, rows } = await start();
    const response = await order('coat');
    expect([response.status, await response.json()]).toEqual([201, { article: 'coat' }]);
    await server.arrival(TRACE, 'place order');
    await server.arrival(TRACE, 'send receipt');
    expect(await rows()).toEqual([asked('coat'), executed, requested, reserved, placed, receipt]);
  });

  test('a request that fails, flushed although its span is not the first of its trace here', async () => {
    const { server, order, rows } = await start();
    expect((await order('hat')).status).toBe(500);
    await server.arrival(TRACE, 'place order');
    const failed = {
      status: 'ERROR hat: out of stock',
      attributes: { error: true, 'error.type': 'RangeError' },
    };
    expect(await rows()).toEqual([
      asked('hat'),
      { ...executed, status: failed.status },
      { ...requested, status: 'ERROR' },
      { ...reserved, ...failed },
      { ...placed, ...failed },
    ]);
  });

  test('a request that hangs has its span all the same, and no other when it is answered', async () => {
    const { stock, server, order, rows } = await start({ ORDER_TIMEOUT_MS: '300' });
    const held = deferred<() => void>();
    stock.hold = held.resolve;
    const responding = order('coat');
    await server.arrival(TRACE, 'place order');
    stock.hold = undefined;
    (await held.promise)();
    expect((await responding).status).toBe(201);
    await server.arrival(TRACE, 'send receipt');
    expect(await rows()).toEqual([
      asked('coat'),
      executed,
      requested,
      {
        ...placed,
        status: 'ERROR the work had not settled after 300 ms',
        attributes: { error: true, 'error.type': 'TimeoutError', 'oncespan.outcome': 'timed-out' },
      },
      reserved,
      receipt,
    ]);
  });

  test('a client that hangs up ends the span of its request', async () => {
    const { stock, server, order } = await start();
    const held = deferred<() => void>();
    stock.hold = held.resolve;
    const client = new AbortController();
    const responding = order('coat', TRACE, { signal: client.signal });
    await held.promise;
    client.abort();
    await expect(responding).rejects.toThrow('aborted');
    await server.arrival(TRACE, 'place order');
    const [span] = server.spansOf(TRACE).filter(({ name }) => name === 'place order');
    expect(span!.attributes).toEqual({
      error: true,
      'error.type': 'ResponseAborted',
      'oncespan.outcome': 'aborted',
    });
  });
});
