// A process that traces and ends in the way its arguments say. It says a dot for every span that has ended.
import { writeSync } from 'node:fs';
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type * as opentelemetry from '@opentelemetry/sdk-trace';
import type { Library } from './bundle.ts';
import { say } from './say.ts';

const { LIBRARY = '', SDK = '', RECEIVER } = process.env;
const [ending, argument] = process.argv.slice(2);
const library = (await import(LIBRARY)) as Library;
const { flush, SerialBatchSpanProcessor, startSpan, startTracing, traceTask, withSpan } = library;
const { TracerProvider } = (await import(SDK)) as typeof opentelemetry;

const count = {
  onStart() {},
  onEnd: () => say('.'),
  forceFlush: async () => {},
  shutdown: async () => {},
};
if (ending === 'listen to the signal') {
  process.once('SIGTERM', async () => {
    await lease.release();
    process.exit(Number(argument));
  });
}

if (ending === 'raise the signal once more') {
  process.once('SIGTERM', async () => {
    await task(10);
    process.kill(process.pid, 'SIGTERM');
  });
}

let isDraining = false;
const lease = await startTracing(
  () => {
    const processor = new SerialBatchSpanProcessor(new OTLPTraceExporter({ url: RECEIVER }), {
      maxQueueSize: 100_000,
    });
    return new TracerProvider({ spanProcessors: [processor, count] });
  },
  {
    timeoutMs: ending === 'hang at the shutdown' ? Number(argument) : 30_000,
    ...(ending === 'work with a drain' && {
      drain: async () => {
        isDraining = true;
        await working;
      },
    }),
  },
);

const task = traceTask((ms: number) => new Promise((resolve) => setTimeout(resolve, ms)), 'task');

/** Tasks of every length, some in the middle of which the process ends, and a span that nobody ends. */
function work(tasks: number): Promise<unknown> {
  startSpan('never ended');
  return withSpan('work', () => Promise.all(Array.from({ length: tasks }, (_, i) => task(i % 20))));
}

const workOn = async () => {
  while (!isDraining) await work(20);
};

const endings: Record<string, () => unknown> = {
  work: workOn,
  'work with a drain': workOn,
  'raise the signal once more': workOn,
  'work while a command runs': async () => {
    const { execa } = await import('execa');
    void execa('sleep', ['60'], { reject: false });
    return workOn();
  },
  'listen to the signal': workOn,
  'hang at the shutdown': () => {
    lease.provider.shutdown = () => {
      say('hung');
      return new Promise(() => {});
    };
    return workOn();
  },
  'exit after the release': async () => {
    void work(20);
    await task(10);
    await lease.release();
    process.exit(Number(argument));
  },
  'release what hangs': async () => {
    lease.provider.shutdown = () => new Promise(() => {});
    await work(20);
    await flush();
    await lease.release({ timeoutMs: 100 });
    // Not reached, and the code is 13, if nothing keeps the process while it waits.
    process.exitCode = Number(argument);
  },
  'come to an end': async () => {
    process.exitCode = Number(argument);
    await withSpan('active', async (span) => {
      await work(20);
      if (trace.getActiveSpan() !== span) writeSync(2, 'there is no context manager');
    });
  },
  throw: async () => {
    await work(20);
    setImmediate(() => {
      throw new Error('uncaught');
    });
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
};
const working = endings[ending!]?.();
await working;
