/**
 * From spans to the exporter: a processor that loses none without saying so, and a provider that is started once and shut down
 * in time. No SDK is imported: tracer providers and exporters are taken by their shape, of the majors 2 and 3.
 */
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { startTracingOn, type StartTracing } from './lifecycle/start-tracing.ts';

export * from './portable.ts';
export const startTracing: StartTracing = /* @__PURE__ */ startTracingOn(
  () => new AsyncLocalStorageContextManager(),
);
