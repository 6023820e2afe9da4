import { expect, test } from 'vitest';
import { traceTask, withSpan } from '../src/index.ts';
import { record, unhandledDuring } from './harness.ts';

const failure = new Error('nobody awaits me');
const reject = () => Promise.reject(failure);

test.each(['never', 'background', 'await'] as const)(
  'a rejection that nobody handles is reported once, flush: %s',
  async (flush) => {
    const { spans } = record();
    const heard = await unhandledDuring(() => void traceTask(reject, { flush })());
    expect(heard).toEqual([failure]);
    expect(spans()).toHaveLength(1);
  },
);

test('… also when the abort has ended the span', async () => {
  record();
  const signal = AbortSignal.abort();
  expect(await unhandledDuring(() => void withSpan({ name: 'aborted', signal }, reject))).toEqual([failure]);
});

test('… and without a provider', async () => {
  expect(await unhandledDuring(() => void traceTask(reject)())).toEqual([failure]);
});

test.each(['never', 'background', 'await'] as const)(
  'one that is caught is never reported, flush: %s',
  async (flush) => {
    record();
    const heard = await unhandledDuring(() => void traceTask(reject, { flush })().catch(() => {}));
    expect(heard).toEqual([]);
  },
);
