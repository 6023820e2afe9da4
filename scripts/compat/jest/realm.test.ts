// Tests run in a realm of their own: what Node's own modules return is of another one's `Promise`.
import { setImmediate as immediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { traceTask } from 'oncespan';
import { recordSpans } from 'oncespan/testing';

test("a promise of Node's own that nobody awaits", async () => {
  const spans = recordSpans();
  const task = traceTask(() => immediate(1), 'task');
  void task();
  // Later in the same queue.
  await immediate();
  expect(spans.spans.map(({ name }) => name)).toEqual(['task']);
});
