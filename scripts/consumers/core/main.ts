// A stranger's program against the installed package: the compiler checks its types, Node runs what comes out.

import { deepStrictEqual } from 'node:assert/strict';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { flush, liveSpans, startSpan, Traced, traceTask, withSpan } from 'oncespan';
import { WaterfallSpanExporter } from 'oncespan/console';

const lines: string[] = [];
const exporter = new WaterfallSpanExporter({
  stream: { write: (text: string) => lines.push(text) > 0 },
  width: 60,
});
const provider = new TracerProvider({
  spanProcessors: [
    {
      onStart() {},
      onEnd: (span) => exporter.export([span], () => {}),
      forceFlush: () => Promise.resolve(),
      shutdown: () => exporter.shutdown(),
    },
  ],
});
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager());

class Orders {
  @Traced()
  async place(id: string): Promise<string> {
    return withSpan('save', () => `placed ${id}`);
  }
}

const job = traceTask(async (orders: Orders) => orders.place('1'), 'job');
const controller = new AbortController();
const aborted = traceTask((_signal: AbortSignal) => new Promise<never>(() => {}), 'aborted');

deepStrictEqual(await job(new Orders()), 'placed 1');
void aborted(controller.signal);
deepStrictEqual(
  liveSpans().map(({ name }) => name),
  ['aborted'],
);
controller.abort();
startSpan('manual').end();
deepStrictEqual(await flush({ timeoutMs: 1000 }), { status: 'flushed' });
deepStrictEqual(liveSpans(), []);
await provider.shutdown();

const names = lines.join('').match(/(?<=^[├└│─ ]*)[\w.]+(?= +[█▌▐])/gm);
deepStrictEqual(names, ['job', 'Orders.place', 'save', 'aborted', 'manual']);
console.log(`Node ${process.version}: fine`);
