/** No chain of prototypes is this long, but a proxy's can be endless. */
const LONGEST_CHAIN = 100;

export type Method = (...args: never[]) => unknown;

/** `target` and what it inherits from. May throw for a proxy. */
export function* chainOf(target: object | null): Generator<object> {
  let holder = target;
  for (let left = LONGEST_CHAIN; holder !== null && left > 0; left--) {
    yield holder;
    holder = Object.getPrototypeOf(holder) as object | null;
  }
}

/** The object in the chain of `target` that owns `key`. May throw for a proxy. */
export function holderOf(target: object, key: PropertyKey): object | undefined {
  // Not by the generator: this is asked at every call.
  let holder: object | null = target;
  for (let left = LONGEST_CHAIN; holder !== null && left > 0; left--) {
    if (Object.hasOwn(holder, key)) return holder;
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return undefined;
}

/** The value of a data property, own or inherited. No getter is run: what a function returned is looked at, and no more. */
export function dataProperty(target: object, key: PropertyKey): unknown {
  const holder = holderOf(target, key);
  return holder && ownDataProperty(holder, key);
}

export function ownDataProperty(target: object, key: PropertyKey): unknown {
  const property = Object.getOwnPropertyDescriptor(target, key);
  // A proxy may describe what it has without the value, as Prisma's does.
  const isUntold = property !== undefined && property.value === undefined && !('get' in property);
  return isUntold ? Reflect.get(target, key) : property?.value;
}

/** {@link dataProperty}, if it is a function. Most objects have none, and for those one look is enough. */
export function methodOf(target: object, key: PropertyKey): Method | undefined {
  const value = key in target ? dataProperty(target, key) : undefined;
  return typeof value === 'function' ? (value as Method) : undefined;
}
