// node --expose-gc collected.mjs <contestant>: whether the collector takes a processor that has worked and was shut down.

import { setImmediate } from 'node:timers/promises';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { CONTESTANTS } from './contestants.mjs';
import { Exporter } from './exporter.mjs';

const contestant = CONTESTANTS[process.argv[2]];

async function useOne() {
  const processor = contestant.create(new Exporter(), { maxExportBatchSize: 1 });
  const provider = new TracerProvider({ spanProcessors: [processor] });
  provider.getTracer('scenario').startSpan('a').end();
  await processor.forceFlush();
  await processor.shutdown();
  return new WeakRef(processor);
}

const processor = await useOne();
for (let i = 0; i < 10 && processor.deref() !== undefined; i++) {
  await setImmediate();
  globalThis.gc();
}
if (processor.deref() !== undefined) {
  console.error('it is still there');
  process.exitCode = 1;
}
