import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { traceTask, withSpan } from '../../src/index.ts';
import { SerialBatchSpanProcessor, startTracing } from '../../src/sdk/index.workerd.ts';

// Two spans a request, through the processor and in the way that the bindings name.

export interface Env {
  readonly COLLECTOR_URL: string;
  readonly PROCESSOR: 'ours' | 'batch' | 'simple';
  readonly HOW: 'waitUntil' | 'await';
  readonly BODY?: 'text' | 'stream';
}

interface Invocation {
  waitUntil(promise: Promise<unknown>): void;
}

let tracing: Promise<unknown> | undefined;

function start({ COLLECTOR_URL: url, PROCESSOR }: Env): Promise<unknown> {
  return (tracing ??= startTracing(() => {
    const exporter = new OTLPTraceExporter({ url, concurrencyLimit: Infinity });
    const processor = {
      ours: () => new SerialBatchSpanProcessor(exporter),
      batch: () => new BatchSpanProcessor({ exporter }),
      simple: () => new SimpleSpanProcessor({ exporter }),
    }[PROCESSOR]();
    return new TracerProvider({ spanProcessors: [processor] });
  }));
}

export default {
  async fetch(request: Request, env: Env, invocation: Invocation): Promise<Response> {
    await start(env);
    const { pathname: name } = new URL(request.url);
    const options =
      env.HOW === 'await'
        ? { name, flush: 'await' as const }
        : { name, waitUntil: (flushed: Promise<unknown>) => invocation.waitUntil(flushed) };
    const stream = traceTask(() => new Response(name).body!.pipeThrough(new TransformStream()), {
      name: `stream of ${name}`,
      flush: 'never',
    });
    const respond = traceTask(async (body: ReadableStream) => new Response(body), {
      name: `response of ${name}`,
      covers: (response) => response.body,
      flush: 'never',
    });
    return traceTask(async () => {
      if (env.BODY === 'stream') return respond(stream());
      const body = await withSpan(`body of ${name}`, () => request.text());
      return new Response(body);
    }, options)();
  },
};
