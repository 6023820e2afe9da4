// What somebody's tests look like: no configuration for oncespan, in Jest's own module system.
import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { Traced, traceTask, Untraced } from 'oncespan';
import { recordSpans, type SpanMatchers, spanMatchers } from 'oncespan/testing';

declare module 'expect' {
  interface Matchers<R> extends SpanMatchers<R> {}
}
expect.extend(spanMatchers);

class CardDeclined extends Error {
  override name = 'CardDeclined';
}

@Traced()
class Stock {
  async reserve(id: string): Promise<string> {
    return `reserved ${id}`;
  }

  @Untraced()
  isHealthy(): boolean {
    return true;
  }
}

class Orders {
  readonly stock = new Stock();

  @Traced({ attributes: (id: string) => ({ 'order.id': id }) })
  place(id: string): Promise<string> | string {
    return this.stock.isHealthy() ? this.stock.reserve(id) : id;
  }

  @Traced()
  async decline(): Promise<never> {
    throw new CardDeclined('no money');
  }

  /** A promise of Node's own, whose `Promise` is not the one that tests see. */
  @Traced()
  read(name: string): Promise<string> {
    return readFile(name, 'utf8');
  }

  @Traced()
  async wait(_signal: AbortSignal): Promise<void> {
    await new Promise<never>(() => {});
  }

  @Traced()
  *lines(): Generator<number, void> {
    yield 1;
  }
}

test('methods and tasks', async () => {
  const spans = recordSpans();
  const orders = new Orders();
  await expect(orders.place('7')).resolves.toBe('reserved 7');
  await expect(orders.decline()).rejects.toThrow(CardDeclined);
  expect([...orders.lines()]).toEqual([1]);
  expect(await traceTask(async (n: number) => n * 2, 'double')(4)).toBe(8);
  expect(spans).toHaveOnlySpans([
    { name: 'Orders.place', attributes: { 'order.id': '7' }, children: ['Stock.reserve'] },
    { name: 'Orders.decline', error: 'CardDeclined' },
    'Orders.lines',
    'double',
  ]);
  expect(spans).not.toHaveOnlySpans(['Orders.place']);
  expect(spans).not.toHaveLiveSpans();
});

test("promises of Node's own", async () => {
  const spans = recordSpans();
  const orders = new Orders();
  expect(await orders.read(__filename)).toContain('oncespan');
  await expect(orders.read('nowhere')).rejects.toMatchObject({ code: 'ENOENT' });
  expect(spans.tree()).toMatch(/^Orders\.read\nOrders\.read ✗ Error: ENOENT.*\n$/);
});

test('an abort, and what is live', () => {
  const spans = recordSpans();
  const controller = new AbortController();
  void new Orders().wait(controller.signal);
  expect(spans).toHaveLiveSpans();
  controller.abort();
  spans.only([{ name: 'Orders.wait', error: 'AbortError', outcome: 'aborted' }]);
});

test('what fails, fails', async () => {
  const spans = recordSpans();
  await new Stock().reserve('7');
  expect(() => expect(spans).toHaveOnlySpans(['Stock.order'])).toThrow(/- Stock.order\n\+ Stock.reserve/);
});
