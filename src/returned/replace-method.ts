import { holderOf, type Method, methodOf } from '../platform/data-property.ts';
import { hiddenField } from '../platform/hidden-field.ts';

/** Called in place of a method: what it was, on what it is called, and with what. */
export type Replacement = (original: Method, self: object, args: unknown[]) => unknown;

/**
 * Replaces a method on one object: it stays the same object of the same class, and what lists its keys sees no change.
 *
 * @param missing stands for a method that is not there
 * @returns what puts it back, or `undefined` when the object refuses: frozen, a proxy, no such method
 */
export function replaceMethod(
  target: object,
  key: PropertyKey,
  replacement: Replacement,
  missing?: Method,
): (() => void) | undefined {
  const prototype = Object.getPrototypeOf(target) as object | null;
  const isOwn = prototype === null || Object.hasOwn(target, key);
  const known = isOwn ? undefined : shadows.get(prototype);
  if (known?.stands.has(key)) return replaceInherited(target, key, known, replacement);
  const original = methodOf(target, key) ?? (key in target ? undefined : missing);
  if (original === undefined) return undefined;
  // What has no class has its methods for itself.
  if (isOwn || Object.getPrototypeOf(prototype) === null)
    return replaceOwn(target, key, original, replacement);
  const shadow = known ?? shadowOf(prototype);
  shadow.define(key, original);
  return replaceInherited(target, key, shadow, replacement);
}

function replaceOwn(
  target: object,
  key: PropertyKey,
  original: Method,
  replacement: Replacement,
): (() => void) | undefined {
  const own = Object.getOwnPropertyDescriptor(target, key);
  const value = replaced(original, function (this: object, ...args: unknown[]): unknown {
    if (this !== target && own === undefined) {
      // Copied, with all own properties, to an object of another class: there it stands for that class's method.
      const theirs = methodOf(Object(Object.getPrototypeOf(Object(this))) as object, key);
      if (theirs !== undefined && theirs !== original && theirs !== value)
        return Reflect.apply(theirs, this, args as never[]);
    }
    return replacement(original, this, args);
  });
  const enumerable = own?.enumerable === true;
  const isPut = Reflect.defineProperty(target, key, {
    value,
    enumerable,
    writable: true,
    configurable: true,
  });
  const undo = () => {
    if (own === undefined) Reflect.deleteProperty(target, key);
    else Reflect.defineProperty(target, key, own);
  };
  if (!isPut) return undefined;
  if (Reflect.get(target, key) !== value) {
    // A proxy that answers for itself, and has put it on its target.
    undo();
    return undefined;
  }
  // Unless somebody has replaced it once more.
  return () => {
    if (Reflect.get(target, key) === value) undo();
  };
}

/** What is called in place of an inherited method of an object. A list: there are few, and a map would cost more. */
interface Replaced {
  readonly key: PropertyKey;
  /** `undefined` once it has been put back. */
  replacement: Replacement | undefined;
  readonly older: Replaced | undefined;
}

/** The newest of each object. */
const inherited = /* @__PURE__ */ hiddenField<Replaced>();

function replacementOf(target: object, key: PropertyKey): Replacement | undefined {
  for (let entry = inherited.get(target); entry !== undefined; entry = entry.older)
    if (entry.key === key && entry.replacement !== undefined) return entry.replacement;
  return undefined;
}

/** By way of the prototype, which is one for all objects of a class: methods made for each would cost more than its span. */
function replaceInherited(
  target: object,
  key: PropertyKey,
  shadow: Shadow,
  replacement: Replacement,
): (() => void) | undefined {
  const prototype = Object.getPrototypeOf(target) as object;
  const older = inherited.get(target);
  const earlier = replacementOf(target, key);
  const mine: Replaced = {
    key,
    older,
    replacement:
      earlier === undefined
        ? replacement
        : (first, self, args) => replacement((...given) => earlier(first, self, given), self, args),
  };
  inherited.set(target, mine);
  if (prototype !== shadow.prototype && !Reflect.setPrototypeOf(target, shadow.prototype)) return undefined;
  if (Reflect.get(target, key) !== shadow.stands.get(key)) {
    // A proxy that answers for itself.
    Reflect.setPrototypeOf(target, prototype);
    return undefined;
  }
  return () => {
    mine.replacement = undefined;
  };
}

/** A prototype that inherits from that of a class, for the objects of it that have replaced methods. */
class Shadow {
  readonly prototype: object;
  readonly #of: object;
  /** What stands for a method, and calls what has replaced it on an object, if something has. */
  readonly stands = new Map<PropertyKey, Method>();

  constructor(prototype: object) {
    this.#of = prototype;
    this.prototype = Object.create(prototype) as object;
  }

  /** @param first the method as it is now, or what stands for a missing one */
  define(key: PropertyKey, first: Method): void {
    const of = this.#of;
    const { prototype } = this;
    const value = replaced(first, function (this: unknown, ...args: unknown[]): unknown {
      const original = (Reflect.get(of, key, this) ?? first) as Method;
      const replacement = replacementOn(this, prototype, key);
      if (replacement === undefined) return Reflect.apply(original, this, args as never[]);
      return replacement(original, this as object, args);
    });
    const holder = holderOf(of, key);
    const enumerable = holder !== undefined && Object.prototype.propertyIsEnumerable.call(holder, key);
    Object.defineProperty(prototype, key, { value, enumerable, writable: true, configurable: true });
    this.stands.set(key, value);
  }
}

/** On the object that a method is called on, or one that it inherits from. */
function replacementOn(self: unknown, until: object, key: PropertyKey): Replacement | undefined {
  if (typeof self !== 'object' && typeof self !== 'function') return undefined;
  let holder = self as object | null;
  for (; holder !== null && holder !== until; holder = Object.getPrototypeOf(holder) as object | null) {
    const replacement = replacementOf(holder, key);
    if (replacement !== undefined) return replacement;
  }
  return undefined;
}

/** By the prototype of a class, and by the prototype that stands for that. */
const shadows = new WeakMap<object, Shadow>();

function shadowOf(prototype: object): Shadow {
  let shadow = shadows.get(prototype);
  if (shadow === undefined) {
    shadow = new Shadow(prototype);
    shadows.set(prototype, shadow);
    shadows.set(shadow.prototype, shadow);
  }
  return shadow;
}

/** `replacement` with the `name` and `length` of what it replaces. */
export function replaced<F extends Method>(original: Method, replacement: F): F {
  for (const key of ['name', 'length']) {
    const property = Object.getOwnPropertyDescriptor(original, key);
    // Most are functions without a name: to define what is there already is slow.
    const isSame = property?.value === Object.getOwnPropertyDescriptor(replacement, key)?.value;
    if (property !== undefined && !isSame) Object.defineProperty(replacement, key, property);
  }
  return replacement;
}

/** Tells of a call of the method, and then makes it. */
export function before(tell: () => void): Replacement {
  return (original, self, args) => {
    tell();
    return Reflect.apply(original, self, args as never[]);
  };
}
