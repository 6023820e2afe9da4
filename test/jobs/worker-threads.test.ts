import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { OtlpReceiver, type ReceivedSpan } from '../otlp-receiver.ts';

const program = fileURLToPath(new URL('../children/worker-threads.ts', import.meta.url));

/** Each of the main thread's spans, and below it the thread's, which is a child of it. */
function pairs(spans: readonly ReceivedSpan[]): unknown[] {
  const row = ({ name, statusMessage, attributes }: ReceivedSpan) => [name, statusMessage, attributes];
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
  return roots
    .toSorted((a, b) => Number(a.attributes['below']) - Number(b.attributes['below']))
    .map((root) => {
      const below = spans.filter(
        ({ traceId, parentSpanId }) => traceId === root.traceId && parentSpanId === root.spanId,
      );
      return [row(root), ...below.map(row)];
    });
}

const failed = (type: string, outcome?: string) => ({
  error: true,
  'error.type': type,
  ...(outcome !== undefined && { 'oncespan.outcome': outcome }),
});

test('jobs that return, throw and are aborted in a thread, and one that its end cuts off', async ({
  signal,
}) => {
  const receiver = await OtlpReceiver.start();
  onTestFinished(() => receiver.close());
  const env = { ...process.env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program], {
    env,
    signal,
  });
  expect({ heard: JSON.parse(stdout), stderr }).toEqual({
    heard: [
      25,
      'RangeError: there is no prime below 1',
      'Error: nobody waits for it',
      'Error: the thread has ended',
    ],
    stderr: '',
  });
  expect([receiver.spans.length, receiver.duplicates]).toEqual([8, 0]);
  // The main thread is 0. Loaders of TypeScript may have threads of their own.
  const id = receiver.spans.find(({ name }) => name === 'count primes')!.attributes['thread.id'];
  expect(id).toBeGreaterThan(0);
  const inThread = { 'thread.id': id };
  const throwing = 'there is no prime below 1';
  const aborted = 'nobody waits for it';
  expect(pairs(receiver.spans)).toEqual([
    [
      ['ask for primes', throwing, { below: 1, ...failed('RangeError') }],
      ['count primes', throwing, { ...inThread, ...failed('RangeError') }],
    ],
    [
      ['ask for primes', undefined, { below: 100 }],
      ['count primes', undefined, inThread],
    ],
    [
      ['ask for primes', aborted, { below: 1e15, ...failed('Error', 'aborted') }],
      ['count primes', aborted, { ...inThread, ...failed('Error', 'aborted') }],
    ],
    [
      ['ask for primes', 'the thread has ended', { below: 2e15, ...failed('Error') }],
      ['count primes', 'still live at the shutdown', { ...inThread, ...failed('shutdown', 'shutdown') }],
    ],
  ]);
});
