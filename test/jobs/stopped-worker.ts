// The worker of the recipe in a process of its own, which is stopped while it holds a job. It delivers when it is told to.

import { once } from 'node:events';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';
import { startWorker } from '../../examples/jobs/bullmq.ts';

const mailServer = {
  isOpen: () => true,
  deliver: async () => {
    process.send!('delivering');
    await once(process, 'message');
    process.disconnect();
    return 'sent twice';
  },
};
// Workers agree on when they look for stalled jobs: the longest interval is everyone's.
const options = { lockDuration: 400, stalledInterval: 100 };
const worker = startWorker(mailServer, { path: process.env['REDIS']! }, options);
// That the job it has completed was not its own any more.
worker.on('error', () => {});
await startTracing(
  () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(new OTLPTraceExporter())] }),
  { drain: () => worker.close() },
);
