import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { Logger, makeWorkerUtils, run, type Runner, type WorkerUtils } from 'graphile-worker';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addReceipt, receiptTask } from '../../examples/jobs/graphile-worker.ts';
import { deferred, record } from '../harness.ts';
import { hasPostgres } from '../servers/installed.ts';
import { usePostgres } from '../servers/postgres.ts';

const silent = new Logger(() => () => {});
const sent = { name: 'send receipt', kind: 'PRODUCER' };
const processed = { name: 'process receipt', kind: 'CONSUMER', links: ['send receipt'] };

describe.skipIf(!hasPostgres)('graphile-worker on PostgreSQL', () => {
  const postgres = usePostgres();
  let connectionString: string;
  let utils: WorkerUtils;

  beforeEach(async () => {
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const { host, user } = postgres;
    connectionString = `postgres://${user}@/${user}?host=${encodeURIComponent(host)}`;
    utils = await makeWorkerUtils({ connectionString, logger: silent });
    await utils.migrate();
  });
  afterEach(async () => {
    await utils.release();
    propagation.disable();
  });

  const work = (send: Parameters<typeof receiptTask>[0]): Promise<Runner> =>
    run({
      connectionString,
      logger: silent,
      noHandleSignals: true,
      taskList: { receipt: receiptTask(send) },
    });

  test('a job continues the trace of who has added it; its second attempt makes one of its own', async () => {
    const { rows, spans } = record();
    const orders: string[] = [];
    const runner = await work(async (order) => {
      orders.push(order);
      if (orders.length === 1) throw new RangeError('no address');
    });
    const succeeded = deferred();
    runner.events.on('job:success', () => succeeded.resolve());
    // It would be tried again after a while: at once instead.
    runner.events.on('job:failed', ({ job }) => {
      void utils.rescheduleJobs([job.id], { runAt: new Date(0) });
    });
    await addReceipt(utils, '1001');
    await succeeded.promise;
    await runner.stop();
    expect(orders).toEqual(['1001', '1001']);
    expect(rows()).toEqual([
      sent,
      {
        ...processed,
        parent: 'send receipt',
        status: 'ERROR no address',
        attributes: { error: true, 'error.type': 'RangeError' },
        exceptions: ['RangeError: no address'],
      },
      processed,
    ]);
    const [first, , again] = spans().map((span) => span.spanContext().traceId);
    expect(again).not.toBe(first);
  });

  test('a job that ignores the signal of a worker that stops has ended all the same', async () => {
    const { rows } = record();
    const started = deferred();
    const work1 = deferred();
    const aborted = deferred();
    const runner = await work((_order, signal) => {
      signal.addEventListener('abort', () => aborted.resolve());
      started.resolve();
      return work1.promise;
    });
    await addReceipt(utils, '1002');
    await started.promise;
    const stopped = runner.stop();
    await aborted.promise;
    const [, job] = rows();
    expect(job).toMatchObject({ ...processed, parent: 'send receipt' });
    expect(job!.attributes!['oncespan.outcome']).toBe('aborted');
    work1.resolve();
    await stopped;
    expect(rows()).toHaveLength(2);
  });
});
