import { Traced, Untraced } from '../../src/index.ts';

// Checked by the compiler in both dialects, never run. What must not compile is marked; a mark without its error is one.

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export declare function same<A, B>(...no: Equals<A, B> extends true ? [] : ['the types differ', A, B]): void;

interface Order {
  readonly id: string;
  readonly total: number;
}

@Traced()
class Orders {
  constructor(readonly prefix: string) {}

  @Traced()
  plain(): void {}

  @Traced('orders.find')
  async find(id: string, includeLines?: boolean): Promise<Order> {
    return { id: this.prefix + id, total: includeLines ? 1 : 0 };
  }

  @Traced({ attributes: (id: string) => ({ 'order.id': id }), name: (id: string) => `cancel ${id}` })
  cancel(id: string, reason: Error): boolean {
    return reason.message === id;
  }

  @Traced({ resultAttributes: (order: Order) => ({ 'order.total': order.total }) })
  async place(order: Order): Promise<Order> {
    return order;
  }

  @Traced({ signal: (_id: string, signal: AbortSignal) => signal, timeoutMs: 50, covers: 'call' })
  watch(_id: string, _signal: AbortSignal): void {}

  @Traced()
  identity<T extends object, K extends keyof T>(value: T, key: K): T[K] {
    return value[key];
  }

  @Traced()
  async batch<T>(...items: T[]): Promise<readonly T[]> {
    return items;
  }

  @Traced({ attributes: (order: { id: string }) => ({ 'order.id': order.id }) })
  async keep<T extends { id: string }>(order: T): Promise<T> {
    return order;
  }

  @Traced({ resultAttributes: (kept: { id: string } | undefined) => ({ 'order.id': kept?.id }) })
  async kept<T extends Order>(order: T): Promise<T> {
    return order;
  }

  // A hook may take more than the method is given, and fewer arguments.
  @Traced({
    name: (id: string | number) => `ship ${id}`,
    attributes: (id: unknown) => ({ 'order.id': String(id) }),
    signal: () => undefined,
    resultAttributes: (count: string | number) => ({ 'order.count': count }),
  })
  async ship(id: string, lines: string[], _carrier?: string): Promise<number> {
    return lines.length + id.length;
  }

  @Traced({ attributes: (_id: string, lines: readonly unknown[]) => ({ 'order.lines': lines.length }) })
  pack(_id: string, _lines: string[]): void {}

  @Traced({ attributes: (...ids: readonly unknown[]) => ({ 'order.count': ids.length }) })
  drop(..._ids: string[]): void {}

  price(order: Order): number;
  price(id: string, currency: string): Promise<number>;
  @Traced()
  price(order: Order | string, currency?: string): number | Promise<number> {
    return typeof order === 'string' ? Promise.resolve(currency ? 2 : 1) : order.total;
  }

  @Traced()
  bound(this: Orders, times: number): string {
    return this.prefix.repeat(times);
  }

  @Traced()
  *pages(size: number): Generator<Order[], number, string> {
    const cursor = yield [];
    return cursor.length + size;
  }

  @Traced()
  async *stream(): AsyncGenerator<Order> {}

  @Traced()
  static open(prefix: string): Orders {
    return new Orders(prefix);
  }

  @Traced()
  protected hidden(_times: number): void {}

  @Untraced()
  health(): 'up' {
    return 'up';
  }
}

@Traced({ ignoreErrors: [TypeError, (error) => error === null] })
abstract class Repository<T> {
  abstract load(id: string): Promise<T>;

  @Traced()
  async reload(id: string): Promise<T> {
    return this.load(id);
  }
}

export class OrderRepository extends Repository<Order> {
  @Traced()
  override async load(id: string): Promise<Order> {
    return { id, total: 0 };
  }
}

// What comes out is what went in.
same<Parameters<Orders['find']>, [id: string, includeLines?: boolean]>();
same<ReturnType<Orders['find']>, Promise<Order>>();
same<ThisParameterType<Orders['bound']>, Orders>();
same<ReturnType<Orders['pages']>, Generator<Order[], number, string>>();
same<ReturnType<Orders['health']>, 'up'>();
same<ConstructorParameters<typeof Orders>, [prefix: string]>();
export async function use(orders: Orders): Promise<void> {
  same<string, ReturnType<typeof withId>>();
  function withId() {
    return orders.identity({ id: 'a', total: 1 }, 'id');
  }
  const kept: 'a' = (await orders.keep({ id: 'a' as const })).id;
  const numbers: readonly number[] = await orders.batch(1, 2);
  const now: number = orders.price({ id: 'a', total: numbers.length });
  const later: Promise<number> = orders.price('a', 'EUR');
  const opened: Orders = Orders.open('o');
  // @ts-expect-error `price` of an order is not a promise
  void orders.price({ id: 'a', total: 1 }).then;
  // @ts-expect-error the key has to be one of the object's
  orders.identity({ id: 'a' }, 'total');
  // @ts-expect-error the parameter is a string
  await orders.find(now);
  await Promise.all([later, opened, kept]);
}

export class Misuse {
  // @ts-expect-error the hook takes a number, the method gives a string
  @Traced({ attributes: (id: number) => ({ id }) })
  wrongArgument(_id: string): void {}

  // @ts-expect-error the hook wants two arguments, the method has one
  @Traced({ name: (a: string, b: string) => a + b })
  tooFew(_a: string): void {}

  // @ts-expect-error the hook takes less than the method is given
  @Traced({ attributes: (id: string) => ({ id }) })
  narrowerArgument(_id: string | number): void {}

  // @ts-expect-error the hook wants an argument that the method may be called without
  @Traced({ attributes: (id: string) => ({ id }) })
  optionalArgument(_id?: string): void {}

  // @ts-expect-error not every order has a total
  @Traced({ attributes: (order: Order) => ({ total: order.total }) })
  narrowerGeneric<T extends { id: string }>(order: T): T {
    return order;
  }

  // @ts-expect-error the method may resolve to nothing
  @Traced({ resultAttributes: (order: Order) => ({ id: order.id }) })
  async narrowerResult(): Promise<Order | undefined> {
    return undefined;
  }

  // @ts-expect-error the method resolves to a string
  @Traced({ resultAttributes: (order: Order) => ({ id: order.id }) })
  async wrongResult(): Promise<string> {
    return '';
  }

  // @ts-expect-error there is no such option
  @Traced({ nmae: 'a' })
  unknownOption(): void {}

  // @ts-expect-error a number is not a relation
  @Traced({ relation: 1 })
  wrongOption(): void {}

  // @ts-expect-error a method has no parent source: it is `traceTask` that has `from`
  @Traced({ from: 'wrap' })
  taskOption(): void {}

  // @ts-expect-error it has to be called: @Traced()
  @Traced
  notCalled(): void {}

  // @ts-expect-error an accessor is no method
  @Traced()
  get accessor(): number {
    return 1;
  }

  // @ts-expect-error an accessor is no method
  @Untraced()
  get health(): number {
    return 1;
  }
}
