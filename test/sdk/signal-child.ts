// A process that gets signals, in the situation that its argument names. It says what happens, line by line. Nothing is
// exported before it is flushed: its processor would wait for an hour.
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type * as opentelemetry from '@opentelemetry/sdk-trace';
import type { StartOptions } from '../../src/sdk/index.ts';
import type { Library } from './bundle.ts';
import { say } from './say.ts';

const { LIBRARY = '', SDK = '', RECEIVER } = process.env;
const { flush, SerialBatchSpanProcessor, startSpan, startTracing, traceTask, withSpan } = (await import(
  LIBRARY
)) as Library;
const { TracerProvider } = (await import(SDK)) as typeof opentelemetry;

const HOUR = 3_600_000;
const hear = (what: string) => say(what);
diag.setLogger(
  { error: hear, warn: hear, info() {}, debug() {}, verbose() {} },
  { logLevel: DiagLogLevel.WARN },
);

// A listener to signals would be counted. Patched before anything listens: Node keeps what it finds then.
const { emit } = process;
process.emit = ((...args: Parameters<typeof emit>) => {
  if (String(args[0]).startsWith('SIG')) say(`heard ${String(args[0])}`);
  return emit.apply(process, args);
}) as typeof emit;

const told = (word: string): Promise<void> =>
  new Promise((resolve) => {
    process.on('message', function listen(message) {
      if (message !== word) return;
      process.off('message', listen);
      resolve();
    });
  });

const start = (options?: StartOptions) =>
  startTracing(
    () => {
      const exporter = new OTLPTraceExporter({ url: RECEIVER });
      const processor = new SerialBatchSpanProcessor(exporter, { scheduledDelayMillis: HOUR });
      return new TracerProvider({ spanProcessors: [processor] });
    },
    { timeoutMs: HOUR, ...options },
  );

/** A job that ends when it is drained, and the next one, which starts only then. */
function jobs() {
  let endFirst!: () => void;
  const job = traceTask(() => new Promise<void>((resolve) => (endFirst = resolve)), 'job')();
  const nextJob = job.then(() => traceTask(async () => {}, 'next job')());
  return async () => {
    say('drain');
    endFirst();
    await nextJob;
  };
}

/** Goes on until it is ended. */
async function goOn(): Promise<void> {
  startSpan('never ended');
  say('ready');
  await told('nothing');
}

/** A drain that does not settle. */
function hang(): Promise<never> {
  withSpan('ended in the drain', () => {});
  return new Promise(() => {});
}

const situations: Record<string, () => unknown> = {
  async 'nobody else listens'() {
    await start();
    await goOn();
  },
  async 'nobody else listens, and work goes on'() {
    await start();
    withSpan('ended before the signal', () => {});
    const live = startSpan('live at the signal');
    startSpan('never ended');
    say('ready');
    await told('go on');
    live.end();
    withSpan('began after the signal', () => {});
    say('went on');
    await told('nothing');
  },
  async 'an export that hangs'() {
    await start({ timeoutMs: 100 });
    withSpan('exported', () => {});
    await goOn();
  },
  async 'others listen'() {
    await start();
    process.on('SIGTERM', () => {
      live.end();
      withSpan('started after the signal', () => {});
    });
    const live = startSpan('live at the signal');
    say('ready');
    await told('go on');
    withSpan('ended later', () => {});
    await told('end');
    process.exit(7);
  },
  async 'others listen, and there is nothing left to do'() {
    await start();
    process.on('SIGTERM', () => process.disconnect());
    process.exitCode = 7;
    await goOn();
  },
  async 'others raise the signal once more'() {
    await start();
    process.once('SIGTERM', () => {
      live.end();
      process.disconnect();
      process.kill(process.pid, 'SIGTERM');
    });
    const live = startSpan('live at the signal');
    await goOn();
  },
  async 'others raise the signal once more, with nothing left to do or export'() {
    await start();
    process.once('SIGTERM', () => {
      process.disconnect();
      process.kill(process.pid, 'SIGTERM');
    });
    process.on('beforeExit', () => {
      // What is due by now comes before the signal.
      const due = performance.now() + 10;
      while (performance.now() < due);
    });
    say('ready');
    await told('nothing');
  },
  async 'a hook of signal-exit ends the process'() {
    const { onExit } = await import('signal-exit');
    const { setTimeout: pause } = await import('node:timers/promises');
    await start();
    onExit(() => {
      say('hook');
      void told('end')
        // Later than anybody who takes two turns.
        .then(() => pause(1))
        .then(() => pause(1))
        .then(() => pause(1))
        .then(() => process.exit(7));
      return true;
    });
    await goOn();
  },
  async 'a signal that signal-exit does not hear'() {
    const { onExit } = await import('signal-exit');
    onExit(() => {});
    await start({ signals: ['SIGUSR2', 'SIGUSR1'] });
    process.on('SIGUSR1', async () => {
      say('mine');
      await told('end');
      withSpan('ended later', () => {});
      await flush();
      process.exit(7);
    });
    await goOn();
  },
  async drain() {
    await start({ drain: () => drain(), signals: ['SIGTERM', 'SIGINT', 'SIGHUP'] });
    const drain = jobs();
    await goOn();
  },
  async 'drain while others listen'() {
    const { provider } = await start({ drain: () => drain() });
    const drain = jobs();
    const shutdown = provider.shutdown.bind(provider);
    provider.shutdown = () => shutdown().then(() => say('shut down'));
    // A turn later, another signal would have been heard.
    process.on('SIGTERM', () => void told('end').then(() => setImmediate(() => process.exit(7))));
    await goOn();
  },
  async 'drain that leaves nothing to do'() {
    const { onExit } = await import('signal-exit');
    onExit(() => say('hook'));
    await start({ drain: async () => process.disconnect() });
    await goOn();
  },
  async 'drain that throws'() {
    const drain = () => {
      throw new Error('no');
    };
    await start({ drain });
    await goOn();
  },
  async 'drain that rejects'() {
    await start({ drain: () => Promise.reject(new Error('no')) });
    await goOn();
  },
  async 'drain that hangs'() {
    await start({ drain: hang });
    await goOn();
  },
  async 'nothing left to do'() {
    await start({ drain: async () => say('drain') });
    startSpan('never ended');
  },
};
await situations[process.argv[2]!]!();
