// For either dialect of decorators: compiled by each compiler, run, and its spans compared.
import { Traced, traceTask, Untraced } from 'oncespan';
import { recordSpans } from 'oncespan/testing';

const CANCEL = Symbol('cancel');

class CardDeclined extends Error {
  override name = 'CardDeclined';
}

@Traced()
class Stock {
  static open(): Stock {
    return new Stock();
  }

  async reserve(id: string): Promise<string> {
    return `reserved ${id}`;
  }

  // Babel's legacy dialect has no decorators on computed names: only the class is decorated.
  [CANCEL](): string {
    return 'cancelled';
  }

  @Untraced()
  isHealthy(): boolean {
    return true;
  }
}

class Orders {
  readonly stock = Stock.open();

  @Traced()
  static count(): number {
    return 2;
  }

  @Traced({ attributes: (id: string) => ({ 'order.id': id }) })
  async place(id: string): Promise<string> {
    await this.stock.reserve(id);
    return this.stock.isHealthy() ? this.pay(`reserved ${id}`) : id;
  }

  @Traced('payment')
  protected async pay(id: string): Promise<string> {
    return `paid ${id}`;
  }

  @Traced()
  first<T>(items: readonly T[]): T | undefined {
    return items[0];
  }

  @Traced()
  decline(): never {
    throw new CardDeclined('no money');
  }

  @Traced()
  async wait(_signal: AbortSignal): Promise<void> {
    await new Promise<never>(() => {});
  }

  @Traced()
  *lines(): Generator<number, void> {
    yield 1;
    yield 2;
  }
}

/** @throws if a span or a value is not as it should be */
export async function checkOrders(): Promise<void> {
  const spans = recordSpans();
  const orders = new Orders();
  const seen: unknown[] = [
    Orders.count(),
    await orders.place('7'),
    orders.stock[CANCEL](),
    orders.first([3]),
  ];
  try {
    orders.decline();
  } catch (error) {
    seen.push(error instanceof CardDeclined);
  }
  const controller = new AbortController();
  void orders.wait(controller.signal);
  controller.abort();
  for (const line of orders.lines()) seen.push(line);
  const double: (n: number) => Promise<number> = traceTask(async (n: number) => n * 2, 'double');
  seen.push(await double(4));
  equal(seen, [2, 'paid reserved 7', 'cancelled', 3, true, 1, 2, 8]);
  spans.only([
    'Stock.open',
    'Orders.count',
    {
      name: 'Orders.place',
      attributes: { 'order.id': '7' },
      children: ['Stock.reserve', 'payment'],
    },
    'Stock.[cancel]',
    'Orders.first',
    { name: 'Orders.decline', error: 'CardDeclined: no money' },
    { name: 'Orders.wait', error: 'AbortError', outcome: 'aborted' },
    'Orders.lines',
    'double',
  ]);
}

export function equal(seen: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${a}, expected ${b}`);
}

/** Says so when `check` has come to its end: a program whose promise never settles just ends, with 0. */
export async function behaves(check: () => Promise<void>): Promise<void> {
  process.exitCode = 1;
  await check();
  process.exitCode = 0;
  console.log('behaves');
}
