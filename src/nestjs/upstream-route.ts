import { type Context, createContextKey } from '@opentelemetry/api';
import { attempt } from '../platform/report.ts';

/**
 * Where an HTTP instrumentation waits to be told the route of its request, so that it can name its span by it: a name, so that
 * copies of `@opentelemetry/core` agree on it.
 * https://github.com/open-telemetry/opentelemetry-js/blob/main/packages/opentelemetry-core/src/trace/rpc-metadata.ts
 */
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

/** Tells the HTTP instrumentation around a request, if there is one, by which route it came. */
export function tellRoute(active: Context, route: string): void {
  attempt('telling an HTTP instrumentation the route', () => {
    const metadata = active.getValue(RPC_METADATA) as { type?: unknown; route?: string } | undefined;
    if (metadata?.type === 'http') metadata.route = route;
  });
}
