// A Cloudflare Worker whose spans arrive, however many requests overlap. It needs compatibility_flags = ["nodejs_compat"] in
// wrangler.toml. test/workers.test.ts runs it.

import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { traceTask, withSpan } from 'oncespan';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

interface Env {
  readonly COLLECTOR_URL: string;
}

/** Cloudflare's `ExecutionContext`. */
interface Invocation {
  waitUntil(promise: Promise<unknown>): void;
}

let tracing: Promise<unknown> | undefined;

function start(url: string): Promise<unknown> {
  // Each request exports by itself, beside the others. By default the exporter refuses the 31st export, and it counts for ever
  // one that was cut off with its request.
  const exporter = () => new OTLPTraceExporter({ url, concurrencyLimit: Infinity });
  const build = () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(exporter())] });
  return (tracing ??= startTracing(build));
}

const answer = traceTask(
  async (request: Request, _env: Env, _invocation: Invocation) => {
    const order = await withSpan('read the order', () => request.text());
    return new Response(`accepted ${order}`);
  },
  {
    name: ({ method, url }) => `${method} ${new URL(url).pathname}`,
    // The client has its answer, and the request stays alive until its spans have arrived.
    waitUntil: (flushed, _request, _env, invocation) => invocation.waitUntil(flushed),
  },
);

export default {
  async fetch(request: Request, env: Env, invocation: Invocation): Promise<Response> {
    await start(env.COLLECTOR_URL);
    return answer(request, env, invocation);
  },
};
