// Loaded before the application: an SDK, and at the end the names of the spans that have ended.

const { context, propagation, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { W3CTraceContextPropagator } = require('@opentelemetry/core');
const { TracerProvider } = require('@opentelemetry/sdk-trace');

const ended = [];
const processor = {
  onStart() {},
  onEnd: ({ name }) => ended.push(name),
  forceFlush: async () => {},
  shutdown: async () => {},
};
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
process.once('exit', () => ended.length > 0 && console.log(`ended: ${ended.join(', ')}`));
process.once('SIGTERM', () => process.exit());
