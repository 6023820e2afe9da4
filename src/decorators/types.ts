import type { Attributes } from '@opentelemetry/api';
import type { AnyFunction, SpanOptions } from '../options/options.ts';

/**
 * {@link SpanOptions} as `@Traced()` takes them. It learns the types before it has seen the method, so annotate the parameters
 * of the functions among them; the compiler then checks that they fit the method.
 */
export type TracedOptions<Args extends unknown[], Value> = Omit<
  SpanOptions<Args>,
  'resultAttributes' | 'covers'
> & {
  resultAttributes?: (value: Value) => Attributes | undefined;
  covers?: 'work' | 'call' | ((value: Value) => unknown);
};

/** `unknown` if hooks that take `Args` and `Value` fit the function, `never` (which nothing is assignable to) if not. */
type Fits<F extends AnyFunction, Args extends unknown[], Value> =
  Parameters<F> extends [...Args, ...unknown[]]
    ? Awaited<ReturnType<F>> extends Value
      ? unknown
      : never
    : never;

/** The whole context type would ask for a `this` that takes anything, which a method that declares its own does not. */
type MethodContext = Pick<ClassMethodDecoratorContext, 'kind' | 'name'>;

/** What `@Traced()` gives: a decorator for methods, fields and classes in both dialects, which leaves their types as they are. */
export interface TracedDecorator<Args extends unknown[] = [], Value = unknown> {
  // Generic over the whole function: taken apart into This, Args and Return, a generic method would lose its generics.
  // What the hooks have to fit is asked of the context: beside `F`, it would have a generic method's own type parameters fixed.
  <F extends AnyFunction>(method: F, context: MethodContext & Fits<F, Args, Value>): void;
  <This, F extends AnyFunction>(
    initial: undefined,
    context: ClassFieldDecoratorContext<This, F> & Fits<F, Args, Value>,
  ): (this: This, initial: F) => F;
  <C extends abstract new (...args: never[]) => unknown>(type: C, context?: ClassDecoratorContext<C>): void;
  <F extends AnyFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F> & Fits<F, Args, Value>,
  ): void;
}

export interface Traced {
  /**
   * Puts each call of a method in a span: of one method, of an arrow-function field (standard decorators), or of every method
   * that a class declares. Works as a standard and as a legacy decorator (`experimentalDecorators`). The method behaves as it
   * would without.
   *
   * The span ends when the call, or what it has returned, has settled, when its signal aborts, or when `timeoutMs` is over,
   * whichever is first, and says which.
   *
   * @param name the span's name. Default: `Class.method`. On a class, it stands for the name of the class
   * @param options of the spans; on a class, of those of each method
   * @throws TypeError while decorating: a member that cannot be traced, or a wrong option
   * @example
   * class Orders {
   *   \@Traced({ attributes: (id: string) => ({ 'order.id': id }) })
   *   async place(id: string) {}
   * }
   */
  (name?: string): TracedDecorator;
  <Args extends unknown[] = [], Value = unknown>(
    options: TracedOptions<Args, Value>,
  ): TracedDecorator<Args, Value>;
}

export interface Untraced {
  /**
   * Excludes a method from `@Traced()` on its class, and from `classes: 'providers'` of the Nest module.
   *
   * @throws TypeError while decorating something else than a method
   * @example
   * \@Traced()
   * class Stock {
   *   async reserve(id: string) {}
   *
   *   \@Untraced()
   *   isHealthy() {}
   * }
   */
  (): {
    (method: AnyFunction, context: MethodContext): void;
    <F extends AnyFunction>(
      target: object,
      key: string | symbol,
      descriptor: TypedPropertyDescriptor<F>,
    ): void;
  };
}
