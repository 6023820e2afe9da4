import type { Context } from '@opentelemetry/api';
import { callInContext } from '../platform/context.ts';
import { type Method, methodOf } from '../platform/data-property.ts';
import { define } from '../platform/define-property.ts';

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
  const original = methodOf(target, key) ?? (key in target ? undefined : missing);
  if (original === undefined) return undefined;
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
  const isPut = define(target, key, { value, enumerable, writable: true, configurable: true });
  const undo = () => {
    if (own === undefined) Reflect.deleteProperty(target, key);
    else define(target, key, own);
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

/** `replacement` with the `name` and `length` of what it replaces. */
export function replaced<F extends Method>(original: Method, replacement: F): F {
  try {
    // As most handlers are, without a name and of one parameter: to define what is there already is slow.
    if (original.name === replacement.name && original.length === replacement.length) return replacement;
    for (const key of ['name', 'length']) {
      const property = Object.getOwnPropertyDescriptor(original, key);
      if (property !== undefined) define(replacement, key, property);
    }
  } catch {
    // A proxy that refuses the look.
  }
  return replacement;
}

/** A handler that tells of its call, and then runs where its caller is: what it does with a result is not the work. */
export function telling(handler: Method, tell: (...values: unknown[]) => void, caller: Context): Method {
  // Of one parameter, as most are: to define what a function has already is slow.
  return replaced(handler, function (this: unknown, _value) {
    tell(...arguments);
    return callInContext(caller, handler, this, arguments);
  });
}

/** Tells of a call of the method, and then makes it. */
export function tellBefore(tell: () => void): Replacement {
  return (original, self, args) => {
    tell();
    return Reflect.apply(original, self, args as never[]);
  };
}
