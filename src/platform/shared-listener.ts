import { hiddenField } from './hidden-field.ts';
import { attempt } from './report.ts';

/**
 * The one listener that this library has on an object, however many want to hear from it: there while somebody does. A
 * listener each would cost linear time to remove and, from the eleventh on, a warning on Node 20.
 */
export abstract class SharedListener<Observer> {
  /** The oldest, as long as it is there: most often there is no other, and a set would cost more. */
  #first: Observer | undefined;
  #others: Set<Observer> | undefined;

  add(observer: Observer): void {
    if (this.#isEmpty()) {
      this.listen();
      this.#first = observer;
    } else if (observer !== this.#first) (this.#others ??= new Set()).add(observer);
  }

  remove(observer: Observer): void {
    if (this.#first === observer) this.#first = undefined;
    else if (!this.#others?.delete(observer)) return;
    if (this.#isEmpty()) this.#unlisten();
  }

  #isEmpty(): boolean {
    return this.#first === undefined && (this.#others === undefined || this.#others.size === 0);
  }

  /**
   * Tells all, for once and for all. The latest comer first: who came later works for who came before, so that children
   * end before their parents.
   */
  protected tell(inform: (observer: Observer) => void): void {
    const first = this.#first;
    const others = this.#others;
    this.#first = this.#others = undefined;
    this.#unlisten();
    // What one of them throws must not keep it from the rest.
    const tell = (observer: Observer) => attempt('telling of an event', () => inform(observer));
    if (others !== undefined) for (const observer of Array.from(others).reverse()) tell(observer);
    if (first !== undefined) tell(first);
  }

  /** Starts listening. */
  protected abstract listen(): void;

  /** Stops listening. */
  protected abstract unlisten(): void;

  #unlisten(): void {
    attempt('removing a listener', () => this.unlisten());
  }
}

/** @returns what gives each object the one listener that `make` makes for it */
export function oneFor<Source extends object, Listener>(
  make: (source: Source) => Listener,
): (source: Source) => Listener {
  const listeners = hiddenField<Listener>();
  return (source) => {
    let listener = listeners.get(source);
    if (listener === undefined) listeners.set(source, (listener = make(source)));
    return listener;
  };
}
