import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { callInContext } from './context.ts';

/**
 * The key that every SDK's tracer looks for before it starts a span: a name, so that copies of `@opentelemetry/core`
 * agree on it. https://github.com/open-telemetry/opentelemetry-js/blob/main/packages/opentelemetry-core/src/trace/suppress-tracing.ts
 */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

const UNTRACED = ROOT_CONTEXT.setValue(SUPPRESS_TRACING, true);

/**
 * Calls `fn` in the root context with tracing suppressed: what an exporter does makes no spans, and the sockets it
 * opens outlive the request that happens to be active, so they must not refer to that request's span.
 */
export function callUntraced<R>(fn: () => R): R {
  return callInContext(UNTRACED, fn, undefined, []);
}

/** As `context`, with tracing suppressed. */
export function untraced(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING, true);
}

export function isUntraced(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING) === true;
}
