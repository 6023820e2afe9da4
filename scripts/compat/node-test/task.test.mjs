import { deepEqual, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { traceTask, withSpan } from 'oncespan';
import { recordSpans } from 'oncespan/testing';
import { misbehaviour } from '../behaviour.mjs';

test('a task', async () => {
  const spans = recordSpans();
  strictEqual(await traceTask(async (n) => withSpan('inner', () => n * 2), 'double')(4), 8);
  spans.only([{ name: 'double', children: ['inner'] }]);
  spans.stop();
});

test('the behaviour', async () => {
  const makeProvider = (processor) => new TracerProvider({ spanProcessors: [processor] });
  deepEqual(await misbehaviour(makeProvider), []);
});
