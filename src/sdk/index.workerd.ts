// In place of index.ts on Cloudflare Workers: package.json, conditions of "./sdk".

import { PortableContextManager } from '../platform/portable-context-manager.ts';
import { startTracingOn, type StartTracing } from './lifecycle/start-tracing.ts';

export * from './portable.ts';
export const startTracing: StartTracing = /* @__PURE__ */ startTracingOn(async () => {
  // With `nodejs_als` there is this module and nothing else of Node's; with no flag, not even this one.
  const hooks: unknown = await import(/* webpackIgnore: true */ 'node:async_hooks').catch(() => undefined);
  return new PortableContextManager(hooks);
});
