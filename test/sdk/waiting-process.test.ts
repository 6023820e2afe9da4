import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleLibrary } from './bundle.ts';

// Whoever awaits an answer gets it, though nothing else keeps the process; whoever has stopped waiting does not keep it.

let bundle: Awaited<ReturnType<typeof bundleLibrary>>;
beforeAll(async () => {
  bundle = await bundleLibrary();
});
afterAll(() => bundle.remove());

/** Runs a module in a process of its own, where a provider's one exporter never answers. */
async function run(body: string, options = '{ exportTimeoutMillis: 50 }') {
  const code = `
    import { writeSync } from 'node:fs';
    import { trace } from '@opentelemetry/api';
    import { flush, SerialBatchSpanProcessor, startTracing, traceTask } from '${bundle.url}';
    import { TracerProvider } from '${process.env['SDK'] ?? '@opentelemetry/sdk-trace'}';
    const say = (...what) => writeSync(1, what.join(' ') + '\\n');
    const processor = new SerialBatchSpanProcessor({ export() {}, shutdown: async () => {} }, ${options});
    const provider = new TracerProvider({ spanProcessors: [processor] });
    trace.setGlobalTracerProvider(provider);
    provider.getTracer('test').startSpan('never accepted').end();
    process.on('exit', (code) => say(code));
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return (await text(child.stdout)).trim().split('\n');
}

test.each([
  ['processor.forceFlush()', 'TimeoutError'],
  ['processor.shutdown()', 'TimeoutError'],
  ['provider.shutdown()', 'TimeoutError'],
  ['flush({ timeoutMs: Infinity })', 'failed'],
  ['flush({ timeoutMs: Number.MAX_SAFE_INTEGER })', 'failed'],
])('%s is answered before the process ends', async (call, answer) => {
  const said = await run(`
    const say2 = ({ status, name }) => say(status ?? name);
    await ${call}.then(say2, say2);`);
  expect(said).toEqual([answer, '0']);
});

test.each([
  ['flush({ timeoutMs: 50 })', 'timed-out'],
  ['flush({ signal: AbortSignal.timeout(50), timeoutMs: 3_600_000 })', 'aborted'],
  ['processor.forceFlush({ timeoutMs: 50 })', 'TimeoutError'],
  ['processor.shutdown({ timeoutMs: 50 })', 'TimeoutError'],
])('%s lets the process go when it has stopped waiting', async (call, answer) => {
  const said = await run(
    `
    // An aborted wait has nothing of its own that keeps the process.
    const keep = setInterval(() => {}, 1000);
    const say2 = ({ status, name }) => say(status ?? name);
    await ${call}.then(say2, say2);
    clearInterval(keep);
    say(process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length);`,
    '{ exportTimeoutMillis: 3_600_000 }',
  );
  expect(said).toEqual([answer, '0', '0']);
});

test('a flush that nobody waits for does not keep the process', async () => {
  const said = await run(
    `
    traceTask(() => {})();
    await new Promise(setImmediate);
    say(process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length);`,
    '{ exportTimeoutMillis: 3_600_000 }',
  );
  expect(said).toEqual(['0', '0']);
});

test('the flushes after a signal that others listen to do not keep the process', async () => {
  const said = await run(
    `
    await startTracing(() => provider, { timeoutMs: 50 });
    process.on('SIGTERM', () => say('heard'));
    process.emit('SIGTERM', 'SIGTERM');
    await new Promise(setImmediate);
    say(process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length);`,
    '{ exportTimeoutMillis: 3_600_000 }',
  );
  expect(said).toEqual(['heard', '0', '0']);
});
