import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { startTracingOn, type StartTracing } from './lifecycle/start-tracing.ts';

export * from './portable.ts';
export const startTracing: StartTracing = /* @__PURE__ */ startTracingOn(
  () => new AsyncLocalStorageContextManager(),
);
