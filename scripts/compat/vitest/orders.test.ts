import { TracerProvider } from '@opentelemetry/sdk-trace';
import { recordSpans, type SpanMatchers, spanMatchers } from 'oncespan/testing';
import { withSpan } from 'oncespan';
import { expect, test } from 'vitest';
import { misbehaviour } from '../behaviour.mjs';
import { checkOrders } from './orders.ts';

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void>, T> extends SpanMatchers<R> {}
}
expect.extend(spanMatchers);

test('decorated classes', async () => {
  await expect(checkOrders()).resolves.toBeUndefined();
});

test('matchers', () => {
  const spans = recordSpans();
  withSpan('outer', () => {});
  expect(spans).toHaveOnlySpans(['outer']);
  expect(spans).not.toHaveOnlySpans(['inner']);
  expect(spans).not.toHaveLiveSpans();
  spans.stop();
});

test('the behaviour', async () => {
  const makeProvider = (processor) => new TracerProvider({ spanProcessors: [processor] });
  expect(await misbehaviour(makeProvider)).toEqual([]);
});
