import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import { Traced, Untraced } from '../index.ts';

type Class = abstract new (...args: never[]) => unknown;

const metadata = new core.Reflector();

/** Listed as providers by applications, as the logger is, and none of theirs. */
const classesOfNest = new Set<unknown>([...Object.values(common), ...Object.values(core)]);

/**
 * Traces the classes that the decorators of modules list as providers. What a dynamic module adds is left alone: those are
 * the modules of libraries.
 *
 * The methods are replaced where they stand, on the prototype, so that a class stays the token and the type it was,
 * whatever the scope of its instances.
 */
export function traceProviders(modules: core.ModulesContainer): void {
  for (const { metatype: module } of modules.values()) {
    for (const provider of metadata.get<common.Provider[] | undefined>('providers', module) ?? []) {
      const type = classOf(provider);
      if (type === undefined || classesOfNest.has(type) || isController(type)) continue;
      leaveOutHandlers(type);
      Traced()(type);
    }
  }
}

function classOf(provider: common.Provider): Class | undefined {
  if (typeof provider === 'function') return provider;
  return 'useClass' in provider ? provider.useClass : undefined;
}

function isController(type: Class): boolean {
  return metadata.get('__controller__', type as common.Type) === true;
}

/** Handlers in gateways and resolvers have their span from the interceptor. */
function leaveOutHandlers(type: Class): void {
  const { prototype } = type as { prototype: object };
  for (const key of Reflect.ownKeys(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)!;
    const method: unknown = descriptor.value;
    if (typeof method === 'function' && isHandler(method)) Untraced()(prototype, key, descriptor);
  }
}

function isHandler(method: Function): boolean {
  return ['websockets:message_mapping', 'graphql:resolver_type'].some(
    (key) => metadata.get<unknown>(key, method as () => unknown) !== undefined,
  );
}
