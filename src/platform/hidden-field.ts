/** A field of objects of others that nobody else sees. */
export interface HiddenField<V> {
  get(of: object): V | undefined;
  /** @throws TypeError for an object that an engine lets nobody add anything to */
  set(of: object, value: V): void;
}

/** A base class whose constructor answers its argument: so a subclass adds its private field to that object. */
const ReturnsArgument = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

/**
 * What a `WeakMap` does. Collectors take some microseconds for each entry of one, far more than a span costs; a private field
 * goes with its object.
 */
export function hiddenField<V>(): HiddenField<V> {
  class Field extends ReturnsArgument {
    #value: V;

    constructor(of: object, value: V) {
      super(of);
      this.#value = value;
    }

    static get(of: object): V | undefined {
      return #value in of ? (of as Field).#value : undefined;
    }

    static set(of: object, value: V): void {
      if (#value in of) (of as Field).#value = value;
      else void new Field(of, value);
    }
  }
  return Field;
}
