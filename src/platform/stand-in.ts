import { attempt } from './report.ts';

/** The parts of `reflect-metadata` used here; it is there only if the application has imported it. */
interface MetadataReflect {
  getOwnMetadataKeys?: (target: object) => unknown[];
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

/**
 * Makes `wrapper` pass for `original`: its `name`, `length`, own properties, `prototype`, source and all its metadata.
 * Frameworks keep routes, guards and roles there; a wrapper without them is a security hole.
 */
export function standIn<F extends (...args: never[]) => unknown>(
  original: F,
  wrapper: (...args: never[]) => unknown,
): F {
  // An async function says that it is one by what it inherits.
  Object.setPrototypeOf(wrapper, Object.getPrototypeOf(original) as object);
  (wrapper as { prototype?: unknown }).prototype = (original as { prototype?: unknown }).prototype;
  // Who injects by the names of parameters reads them from the source.
  const toString = () => Function.prototype.toString.call(original);
  Object.defineProperty(wrapper, 'toString', { value: toString, writable: true, configurable: true });
  for (const key of Reflect.ownKeys(original)) {
    if (key === 'prototype' || key === 'arguments' || key === 'caller') continue;
    Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(original, key)!);
  }
  const metadata = Reflect as MetadataReflect;
  for (const key of metadata.getOwnMetadataKeys?.(original) ?? []) {
    metadata.defineMetadata?.(key, metadata.getOwnMetadata?.(key, original), wrapper);
  }
  return wrapper as F;
}

/** `new` of a wrapper: what `original` makes, if it is a constructor. A subclass of the wrapper has a `newTarget` of its own. */
export function construct(
  original: object,
  args: ArrayLike<unknown>,
  newTarget: unknown,
  wrapper: unknown,
): unknown {
  const made = newTarget === wrapper ? original : newTarget;
  return Reflect.construct(original as never, args, made as never);
}

/** Whether a function is a class, which cannot be called: a wrapper of it would be neither. */
export function isClass(fn: unknown): boolean {
  return typeof fn === 'function' && /^class\b/.test(Function.prototype.toString.call(fn));
}

/** The name of a function or class, if it has one: a static member called `name` can be anything. */
export function nameOf(target: unknown): string | undefined {
  const name: unknown = attempt('reading a name', () => (target as { name?: unknown } | undefined)?.name);
  return typeof name === 'string' && name !== '' ? name : undefined;
}
