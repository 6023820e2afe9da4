import { expect, test, vi } from 'vitest';
import { keepFlushing } from '../../src/sdk/lifecycle/keep-flushing.ts';
import { deferred } from '../harness.ts';
import { turn } from './held-exporter.ts';

test('flushes at once, then 100 ms after each answer, until it is stopped', async () => {
  let answer = deferred();
  const flush = vi.fn(() => answer.promise as Promise<void>);
  const stop = keepFlushing(flush);
  expect(flush).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10_000);
  expect(flush).toHaveBeenCalledTimes(1);
  for (let times = 1; times <= 3; times++) {
    answer.resolve();
    await turn();
    answer = deferred();
    vi.advanceTimersByTime(99);
    expect(flush).toHaveBeenCalledTimes(times);
    vi.advanceTimersByTime(1);
    expect(flush).toHaveBeenCalledTimes(times + 1);
  }
  stop();
  answer.resolve();
  await turn();
  expect(vi.getTimerCount()).toBe(0);
});
