// A little order service, and everything that can happen to its spans. Run it with `npm run demo`.

import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { flush, liveSpans, Traced, traceTask, withSpan } from 'oncespan';
import { WaterfallSpanExporter } from 'oncespan/console';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';
import { Tally } from './tally.ts';

const tally = new Tally();
const exporter = tally.counting(new WaterfallSpanExporter());
const lease = await startTracing(
  () => new TracerProvider({ spanProcessors: [tally, new SerialBatchSpanProcessor(exporter)] }),
);

class CardDeclined extends Error {
  override name = 'CardDeclined';
}

class NotFound extends Error {
  override name = 'NotFound';
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

/** A partner whose answer nobody keeps: neither the promise nor what could settle it. */
const askForPickup = traceTask(() => new Promise<never>(() => {}), 'askForPickup');

/** Something that goes on as long as the process does. */
const refreshPrices = traceTask(
  () => new Promise<never>((resolve) => void waiting.push(resolve)),
  'refreshPrices',
);
const waiting: ((price: never) => void)[] = [];

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

  @Traced({ name: 'GET /orders/:id', ignoreErrors: NotFound })
  async find(id: string): Promise<Order> {
    await sleep(5);
    throw new NotFound(`there is no order ${id}`);
  }

  @Traced({ name: 'GET /orders' })
  async *list(): AsyncGenerator<string> {
    for (const id of ['1001', '1002', '1003', '1004']) {
      await withSpan('read a page', () => sleep(10));
      yield id;
    }
  }

  @Traced('POST /orders/:id/ship')
  async ship(order: Order, signal: AbortSignal): Promise<void> {
    void registerWithCarrier();
    await printLabel(order, signal);
  }
}

const orders = new Orders();
const never = new AbortController().signal;

/** Draws what becomes of a request, and says what its caller sees, traced or not. */
async function scene(caption: string, work: () => Promise<unknown>): Promise<void> {
  console.log(`── ${caption}`);
  const outcome = await work().then(
    () => 'no error',
    (error: Error) => `${error.name}: ${error.message}`,
  );
  await settled();
  await flush();
  console.log(`   the caller saw: ${outcome}\n\n`);
}

/** Resolves when nothing is live. What nobody can hear of any more ends with a collection. */
async function settled(): Promise<void> {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  while (liveSpans().length > 0) {
    await sleep(20);
    collect();
  }
}

await scene('An order. The receipt is sent by a job, in a trace of its own.', () =>
  orders.place({ id: '1001', total: 80 }, never),
);

await scene('A declined card', () => orders.place({ id: '1002', total: 5000 }, never));

await scene('An order that is not there: an error that is expected is none of the span', () =>
  orders.find('7'),
);

await scene('A loop that is left after the second order: the span covers the loop', async () => {
  for await (const id of orders.list()) if (id === '1002') break;
});

await scene('A customer who leaves: the abort ends the spans that it concerns', () => {
  const leaving = new AbortController();
  setTimeout(() => leaving.abort(new DOMException('the customer closed the page', 'AbortError')), 25);
  return orders.place({ id: '1003', total: 20 }, leaving.signal);
});

await scene('A printer that ignores the abort, and a carrier that never answers', () => {
  const cancelled = new AbortController();
  setTimeout(() => cancelled.abort(new DOMException('the order was cancelled', 'AbortError')), 40);
  return orders.ship({ id: '1001', total: 80 }, cancelled.signal);
});

await scene('A promise that nobody can settle any more: the garbage collector has found it', async () => {
  void askForPickup();
});

console.log('── A job that is still live when the process shuts down');
void refreshPrices();
await lease.release();

const { started, ended, exported, lost, double } = tally.summary();
const live = liveSpans().length;
console.log(
  `spans started ${started}, ended ${ended}, exported ${exported}, lost ${lost}, double ${double}, live ${live}`,
);
if (lost + double + live > 0) process.exitCode = 1;
