import { type Context, type ContextManager, ROOT_CONTEXT } from '@opentelemetry/api';
import { findAsyncLocalStorage } from './async-context.ts';

/** What is used of an `AsyncLocalStorage`. */
interface Storage {
  getStore(): Context | undefined;
  run<R>(active: Context, fn: () => R): R;
}

/** Stands for one in a browser: follows a context to where the call returns, and no further. */
class CallStorage implements Storage {
  #active: Context | undefined;

  getStore(): Context | undefined {
    return this.#active;
  }

  run<R>(active: Context, fn: () => R): R {
    const before = this.#active;
    this.#active = active;
    try {
      return fn();
    } finally {
      this.#active = before;
    }
  }
}

/**
 * The context manager for hosts that are not Node, where `@opentelemetry/context-async-hooks` does not load: over their
 * `AsyncLocalStorage` if they have one (edge runtimes, Workers). On Node it is the better one: it also binds emitters.
 */
export class PortableContextManager implements ContextManager {
  readonly #storage: Storage;

  /** @param hooks where `AsyncLocalStorage` is looked for first: a module that only the caller can import */
  constructor(hooks?: unknown) {
    const AsyncLocalStorage = findAsyncLocalStorage(hooks);
    this.#storage =
      AsyncLocalStorage === undefined ? new CallStorage() : (new AsyncLocalStorage() as Storage);
  }

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    fn: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(active, () => Reflect.apply(fn, self, args) as ReturnType<F>);
  }

  bind<T>(active: Context, target: T): T {
    if (typeof target !== 'function') return target;
    const storage = this.#storage;
    return function (this: unknown, ...args: unknown[]): unknown {
      return storage.run(active, () => Reflect.apply(target, this, args) as unknown);
    } as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}
