import { globalErrorHandler } from '@opentelemetry/core';
import { builtinModule } from '../../platform/builtin-module.ts';
import { attempt } from '../../platform/report.ts';

type Handler = (error: unknown) => void;

interface ModuleClass {
  readonly _cache?: Readonly<
    Record<string, { readonly exports?: { readonly globalErrorHandler?: unknown } }>
  >;
}

/**
 * Tells whoever handles the errors of the SDK, by `setGlobalErrorHandler()`: by default, `diag` at the level ERROR.
 *
 * Each copy of `@opentelemetry/core` has a handler of its own, and an application in CommonJS has another copy than an ES
 * module, which this is also for `require()`, from Node 22.12 on. So those that have been required are told, too.
 */
export function tellGlobalErrorHandlers(error: unknown): void {
  const handlers = new Set<Handler>([globalErrorHandler as Handler]);
  attempt('looking for @opentelemetry/core', () => {
    const { _cache: required = {} } = (builtinModule('node:module') ?? {}) as ModuleClass;
    for (const path of Object.keys(required)) {
      if (!/[\\/]@opentelemetry[\\/]core[\\/]/.test(path)) continue;
      const handler = required[path]?.exports?.globalErrorHandler;
      if (typeof handler === 'function') handlers.add(handler as Handler);
    }
  });
  for (const handler of handlers) attempt('the global error handler', () => handler(error));
}
