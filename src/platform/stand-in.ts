import { define } from './define-property.ts';
import { attempt } from './report.ts';

/** The parts of `reflect-metadata` used here; it is there only if the application has imported it. */
interface MetadataReflect {
  getOwnMetadataKeys?: (target: object) => unknown[];
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

type AnyFunction = ((...args: never[]) => unknown) & { prototype?: unknown };

/**
 * Makes `wrapper` pass for `original`: its `name`, `length`, own properties, `prototype`, source and all its metadata.
 * Frameworks keep routes, guards and roles there; a wrapper without them is a security hole.
 */
export function standIn<F extends (...args: never[]) => unknown>(original: F, wrapper: AnyFunction): F {
  // An async function says that it is one by what it inherits.
  Object.setPrototypeOf(wrapper, Object.getPrototypeOf(original) as object);
  wrapper.prototype = (original as AnyFunction).prototype;
  const hide = (key: PropertyKey, value: unknown) =>
    define(wrapper, key, { value, writable: true, configurable: true });
  // Who injects by the names of parameters reads them from the source.
  hide('toString', () => original.toString());
  // What is bound has no `prototype`, and asks its target who is an instance.
  if (nameOf(original)?.startsWith('bound '))
    hide(Symbol.hasInstance, (value: unknown) => value instanceof (original as never));
  for (const key of Reflect.ownKeys(original)) {
    if (key === 'prototype' || key === 'arguments' || key === 'caller') continue;
    const descriptor = attempt('reading a property', () => Object.getOwnPropertyDescriptor(original, key));
    // A proxy can name what it has not.
    if (descriptor !== undefined) define(wrapper, key, descriptor);
  }
  const metadata = Reflect as MetadataReflect;
  for (const key of metadata.getOwnMetadataKeys?.(original) ?? []) {
    metadata.defineMetadata?.(key, metadata.getOwnMetadata?.(key, original), wrapper);
  }
  return wrapper as F;
}

/**
 * `new` of a wrapper: what `original` makes, if it is a constructor. A subclass of the wrapper has a `newTarget` of its own, and
 * a `prototype` that was put on the wrapper later is what an object made by it inherits from.
 */
export function construct(
  original: AnyFunction,
  args: ArrayLike<unknown>,
  newTarget: unknown,
  wrapper: AnyFunction,
): unknown {
  const isAsMade = newTarget === wrapper && wrapper.prototype === original.prototype;
  return Reflect.construct(original, args, (isAsMade ? original : newTarget) as AnyFunction);
}

/** Whether a function is a class, which cannot be called: a wrapper of it would be neither. */
export function isClass(fn: unknown): boolean {
  // A method can be called `class`, and has no `prototype`.
  return (
    typeof fn === 'function' &&
    /^class\b/.test(Function.prototype.toString.call(fn)) &&
    Object.getOwnPropertyDescriptor(fn, 'prototype')?.writable === false
  );
}

/** The name of a function or class, if it has one: a static member called `name` can be anything. */
export function nameOf(target: unknown): string | undefined {
  const name: unknown = attempt('reading a name', () => (target as { name?: unknown } | undefined)?.name);
  return typeof name === 'string' && name !== '' ? name : undefined;
}
