import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { traceTask } from '../../src/index.ts';
import { record, turn, unhandledDuring } from '../harness.ts';

// Promises of the language that are not those of the global `Promise`: Jest gives a test a realm of its own and Node's
// modules, and zone.js puts another class in the place of the global one.

const KINDS: Record<string, (settle: string) => () => Promise<unknown>> = {
  'of another realm': (settle) => runInNewContext(`() => Promise.${settle}`) as () => Promise<unknown>,
  'of an async function of another realm': (settle) =>
    runInNewContext(`async () => await Promise.${settle}`) as () => Promise<unknown>,
  'of an async function, where the global Promise is another one': (settle) => {
    const work = runInNewContext(`async (Promise) => await Promise.${settle}`, {}) as (
      promise: unknown,
    ) => Promise<unknown>;
    const Original = Promise;
    vi.stubGlobal('Promise', class Replaced extends Promise<unknown> {});
    return () => work(Original);
  },
};

afterEach(() => void vi.unstubAllGlobals());

describe.each(Object.entries(KINDS))('a promise %s', (_kind, make) => {
  test('ends the span when it settles, awaited or not', async () => {
    const { rows } = record();
    const task = traceTask(make('resolve(7)'), { name: 'task', flush: 'never' });
    void task();
    expect(await task()).toBe(7);
    await turn();
    vi.unstubAllGlobals();
    expect(rows()).toEqual([{ name: 'task' }, { name: 'task' }]);
  });

  test('that rejects is a failure, and as unhandled as without us', async () => {
    const { rows } = record();
    const task = traceTask(make('reject(new RangeError("no"))'), { name: 'task', flush: 'never' });
    await expect(task()).rejects.toMatchObject({ message: 'no' });
    const unhandled = await unhandledDuring(() => void task());
    vi.unstubAllGlobals();
    expect(unhandled).toMatchObject([{ message: 'no' }]);
    const failed = {
      name: 'task',
      status: 'ERROR no',
      attributes: { error: true, 'error.type': 'RangeError' },
      exceptions: ['RangeError: no'],
    };
    expect(rows()).toEqual([failed, failed]);
  });
});

test('a thenable that only looks like a promise is still lazy', async () => {
  const { rows } = record();
  let runs = 0;
  class Promise {
    then(onReturned: (value: number) => void): void {
      runs++;
      onReturned(7);
    }
  }
  const query = traceTask(() => new Promise(), { name: 'query', flush: 'never' })();
  expect([runs, rows()]).toEqual([0, []]);
  expect(await query).toBe(7);
  expect([runs, rows()]).toEqual([1, [{ name: 'query' }]]);
});
