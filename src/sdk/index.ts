import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { startTracingOn, type StartTracing } from './start-tracing.ts';

export * from './portable.ts';
export const startTracing: StartTracing = /* @__PURE__ */ startTracingOn(
  () => new AsyncLocalStorageContextManager(),
);
