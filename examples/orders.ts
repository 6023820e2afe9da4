// A little order service, and everything that can happen to its spans. Run it with `npm run demo`.

import { setTimeout as sleep } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { flush, liveSpans, Traced, traceTask, withSpan } from 'oncespan';
import { WaterfallSpanExporter } from 'oncespan/console';
import { Tally } from './tally.ts';

const tally = new Tally();
const exporter = tally.counting(new WaterfallSpanExporter());
const provider = new TracerProvider({ spanProcessors: [tally, new BatchSpanProcessor({ exporter })] });
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager());

class CardDeclined extends Error {
  override name = 'CardDeclined';
}

interface Order {
  readonly id: string;
  readonly total: number;
}

@Traced()
class Stock {
  async reserve(order: Order, signal?: AbortSignal): Promise<string[]> {
    const shelves = ['A', 'B', 'C'].map((shelf) => this.lookUp(shelf, order, signal));
    return (await Promise.all(shelves)).sort();
  }

  async lookUp(shelf: string, order: Order, signal?: AbortSignal): Promise<string> {
    await sleep(shelf === 'B' ? 35 : 20, undefined, { signal });
    return `${shelf}-${order.id}`;
  }
}

class Payments {
  @Traced({ attributes: (order: Order) => ({ 'order.total': order.total }) })
  async charge(order: Order): Promise<void> {
    await sleep(30);
    if (order.total > 1000) throw new CardDeclined(`the bank refused ${order.total} €`);
  }

  @Traced()
  fee({ total }: Order): number {
    return total * 0.02;
  }
}

/** A printer that cannot be stopped: it takes a signal and never looks at it. */
const printLabel = traceTask(async function printLabel(_order: Order, _signal: AbortSignal) {
  await sleep(90);
});

/** A partner that never answers. */
const registerWithCarrier = traceTask(() => new Promise<never>(() => {}), {
  name: 'registerWithCarrier',
  timeoutMs: 70,
});

/** A job that outlives the request: in a trace of its own, linked to the request's. */
const sendReceipt = traceTask(
  async function sendReceipt(order: Order) {
    await withSpan('render', () => sleep(10));
    await withSpan('smtp.send', () => sleep(20 + order.id.length));
  },
  { relation: 'linked' },
);

class Orders {
  readonly #stock = new Stock();
  readonly #payments = new Payments();

  @Traced({ name: 'POST /orders', attributes: (order: Order) => ({ 'order.id': order.id }) })
  async place(order: Order, signal: AbortSignal): Promise<void> {
    await this.#stock.reserve(order, signal);
    this.#payments.fee(order);
    await this.#payments.charge(order);
    void sendReceipt(order);
  }

  @Traced('POST /orders/:id/ship')
  async ship(order: Order, signal: AbortSignal): Promise<void> {
    void registerWithCarrier();
    await printLabel(order, signal);
  }
}

const orders = new Orders();
const never = new AbortController().signal;
const outcomes: string[] = [];

/** What the caller of the service sees, traced or not. */
async function request(
  what: string,
  work: (signal: AbortSignal) => Promise<void>,
  signal = never,
): Promise<void> {
  const outcome = await work(signal).then(
    () => 'fine',
    (error: Error) => `${error.name}: ${error.message}`,
  );
  outcomes.push(`${what}: ${outcome}`);
}

await request('an order', (signal) => orders.place({ id: '1001', total: 80 }, signal));
await request('a declined card', (signal) => orders.place({ id: '1002', total: 5000 }, signal));

const leaving = new AbortController();
setTimeout(() => leaving.abort(new DOMException('the customer closed the page', 'AbortError')), 25);
await request(
  'a customer who leaves',
  (signal) => orders.place({ id: '1003', total: 20 }, signal),
  leaving.signal,
);

const ignored = new AbortController();
setTimeout(() => ignored.abort(new DOMException('the order was cancelled', 'AbortError')), 40);
await request(
  'a printer that ignores it',
  (signal) => orders.ship({ id: '1001', total: 80 }, signal),
  ignored.signal,
);

await flush();
await provider.shutdown();

console.log(`\nWhat the callers saw:\n  ${outcomes.join('\n  ')}\n`);
const { started, ended, exported, lost, double } = tally.summary();
const live = liveSpans().length;
console.log(
  `spans started ${started}, ended ${ended}, exported ${exported}, lost ${lost}, double ${double}, live ${live}`,
);
if (lost + double + live > 0) process.exitCode = 1;
