/** The parts of `reflect-metadata` used here; it is there only if the application has imported it. */
interface MetadataReflect {
  getOwnMetadataKeys?: (target: object) => unknown[];
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

/**
 * Makes `wrapper` pass for `original`: its `name`, `length`, own properties and all its metadata. Frameworks keep routes,
 * guards and roles there; a wrapper without them is a security hole.
 */
export function lookAlike<F extends (...args: never[]) => unknown>(
  original: F,
  wrapper: (...args: never[]) => unknown,
): F {
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
