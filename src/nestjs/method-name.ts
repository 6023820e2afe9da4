import type { ExecutionContext } from '@nestjs/common';
import { chainOf, ownDataProperty } from '../platform/data-property.ts';

/** The name of a handler. `@GrpcStreamMethod()` puts a function without one in its place: then its key. */
export function methodName(context: ExecutionContext): string {
  const handler = context.getHandler();
  if (handler.name !== '') return handler.name;
  const { prototype } = context.getClass() as { prototype: object };
  for (const holder of chainOf(prototype)) {
    const key = Reflect.ownKeys(holder).find((each) => ownDataProperty(holder, each) === handler);
    if (key !== undefined) return String(key);
  }
  return '';
}
