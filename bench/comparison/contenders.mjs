// Each way of putting a span around a function: `load()` sets it up in a fresh process and gives
// `wrap(fn)`, and `ended`, which fills with `{ failed }` for every span that has ended.

import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';

function recordSpans() {
  const ended = [];
  const processor = {
    onStart() {},
    onEnd: ({ status }) => ended.push({ failed: status.code === SpanStatusCode.ERROR }),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return ended;
}

/** Applies a method decorator, for which plain JavaScript has no syntax. */
function decorated(decorate, fn) {
  class Service {
    call() {
      return fn();
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Service.prototype, 'call');
  const { value } = decorate(Service.prototype, 'call', descriptor) ?? descriptor;
  return () => value.call(new Service());
}

function failWith(span, error) {
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}

export const contenders = {
  'hand-written': async () => {
    const ended = recordSpans();
    const tracer = trace.getTracer('hand-written');
    const asynchronous = (fn) => () =>
      tracer.startActiveSpan('call', async (span) => {
        try {
          return await fn();
        } catch (error) {
          failWith(span, error);
          throw error;
        } finally {
          span.end();
        }
      });
    const synchronous = (fn) => () =>
      tracer.startActiveSpan('call', (span) => {
        try {
          return fn();
        } catch (error) {
          failWith(span, error);
          throw error;
        } finally {
          span.end();
        }
      });
    // The snippet of the documentation, in the form that whoever wraps the function would choose.
    return { ended, wrap: (fn, { isAwaited }) => (isAwaited ? asynchronous(fn) : synchronous(fn)) };
  },

  'nestjs-otel': async () => {
    const ended = recordSpans();
    const { Span } = (await import('nestjs-otel')).default;
    return { ended, wrap: (fn) => decorated(Span(), fn) };
  },

  SugaredTracer: async () => {
    const ended = recordSpans();
    const { wrapTracer } = await import('@opentelemetry/api/experimental');
    const tracer = wrapTracer(trace.getTracer('sugared'));
    return { ended, wrap: (fn) => () => tracer.withActiveSpan('call', fn) };
  },

  Sentry: async () => {
    const Sentry = await import('@sentry/node');
    const ended = [];
    const client = Sentry.init({
      dsn: 'http://public@127.0.0.1:9/1',
      tracesSampleRate: 1,
      defaultIntegrations: false,
      transport: () => ({ send: async () => ({}), flush: async () => true }),
    });
    client.on('spanEnd', (span) => {
      const { status } = Sentry.spanToJSON(span);
      ended.push({ failed: status !== undefined && status !== 'ok' });
    });
    return { ended, wrap: (fn) => () => Sentry.startSpan({ name: 'call' }, fn) };
  },

  oncespan: async () => {
    const ended = recordSpans();
    const { Traced } = await import('oncespan');
    return { ended, wrap: (fn) => decorated(Traced(), fn) };
  },
};
