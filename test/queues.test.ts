import { getEventListeners } from 'node:events';
import { Queue, QueueEvents, Worker } from 'bullmq';
import PQueue from 'p-queue';
import { describe, expect, test } from 'vitest';
import { traceTask } from '../src/index.ts';
import { deferred, record } from './harness.ts';
import { hasRedis } from './servers/installed.ts';
import { useRedis } from './servers/redis.ts';

// Real queues: each hands its jobs a signal in its own way, and `traceTask` is added in one place.

test('p-queue gives `{ signal }`: jobs that return, throw, are aborted, and are never started', async () => {
  const { rows } = record();
  const queue = new PQueue({ concurrency: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const started = deferred();
  const outcomes = Promise.allSettled([
    queue.add(
      traceTask(async () => 'sent', 'send'),
      { signal },
    ),
    queue.add(
      traceTask(async () => {
        throw new RangeError('no address');
      }, 'fail'),
      { signal },
    ),
    queue.add(
      traceTask((_job: { signal?: AbortSignal }) => {
        started.resolve();
        return new Promise<never>(() => {});
      }, 'hang'),
      { signal },
    ),
    queue.add(
      traceTask(async () => 'late', 'late'),
      { signal },
    ),
  ]);
  await started.promise;
  expect(getEventListeners(signal, 'abort').length).toBeGreaterThan(0);
  controller.abort(new Error('closing'));
  expect((await outcomes).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'rejected',
  ]);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(rows()).toEqual([
    { name: 'send' },
    {
      name: 'fail',
      status: 'ERROR no address',
      attributes: { error: true, 'error.type': 'RangeError' },
      exceptions: ['RangeError: no address'],
    },
    {
      name: 'hang',
      status: 'ERROR closing',
      attributes: { error: true, 'error.type': 'Error', 'oncespan.outcome': 'aborted' },
      exceptions: ['Error: closing'],
    },
  ]);
});

describe.skipIf(!hasRedis)('BullMQ on a real Redis (skipped where there is no redis-server)', () => {
  const redis = useRedis();

  test('gives (job, token, signal): jobs that complete, fail, and are cancelled while they ignore it', async () => {
    const { rows } = record();
    const connection = { path: redis.path };
    const hanging = deferred<string>();
    const cancelled = deferred<string>();
    const processor = traceTask(
      async (job: { name: string; id?: string }, _token?: string, _signal?: AbortSignal): Promise<string> => {
        if (job.name === 'fail') throw new RangeError('no address');
        if (job.name !== 'hang') return 'sent';
        hanging.resolve(job.id!);
        return cancelled.promise;
      },
      { name: ({ name }) => `mail.${name}` },
    );
    const queue = new Queue('mail', { connection });
    const events = new QueueEvents('mail', { connection });
    const worker = new Worker('mail', processor, { connection });
    await Promise.all([worker.waitUntilReady(), events.waitUntilReady()]);
    const settled = async (name: string) => {
      const job = await queue.add(name, {});
      return job.waitUntilFinished(events).catch((error: Error) => error.message);
    };
    expect(await settled('send')).toBe('sent');
    expect(await settled('fail')).toBe('no address');
    const hung = settled('hang');
    expect(worker.cancelJob(await hanging.promise, 'the customer left')).toBe(true);
    expect(rows()).toHaveLength(3);
    cancelled.resolve('sent all the same');
    expect(await hung).toBe('sent all the same');
    await Promise.all([worker.close(), events.close(), queue.close()]);
    expect(rows()).toEqual([
      { name: 'mail.send' },
      {
        name: 'mail.fail',
        status: 'ERROR no address',
        attributes: { error: true, 'error.type': 'RangeError' },
        exceptions: ['RangeError: no address'],
      },
      {
        name: 'mail.hang',
        status: 'ERROR the customer left',
        attributes: { error: true, 'error.type': 'AbortError', 'oncespan.outcome': 'aborted' },
        exceptions: ['AbortError: the customer left'],
      },
    ]);
  });
});
