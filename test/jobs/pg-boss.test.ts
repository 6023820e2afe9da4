import { type Attributes, propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { type OpenTelemetryOptions, PgBoss, type SendOptions } from 'pg-boss';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { enqueue, sendDigests, sendReceipts } from '../../examples/jobs/pg-boss.ts';
import { withSpan } from '../../src/index.ts';
import { deferred, record, turn } from '../harness.ts';
import { hasPostgres } from '../servers/installed.ts';
import { usePostgres } from '../servers/postgres.ts';

// examples/jobs/pg-boss.ts on a real PostgreSQL. A test sends before anybody works: what was sent is fetched in one go.

beforeEach(() => void propagation.setGlobalPropagator(new W3CTraceContextPropagator()));
afterEach(() => propagation.disable());

const ATTRIBUTES = {
  'messaging.system': 'pg-boss',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
};

const ofJob = (id: string, attempt: number, others: Attributes = {}): Attributes => ({
  ...ATTRIBUTES,
  'messaging.destination.name': 'receipts',
  'messaging.message.id': id,
  'messaging.pg_boss.attempt': attempt,
  ...others,
});

const ofBatch = (count: number, others: Attributes = {}): Attributes => ({
  ...ATTRIBUTES,
  'messaging.destination.name': 'digests',
  'messaging.batch.message_count': count,
  ...others,
});

/** On a span of pg-boss. */
const theirs = (operation: string): unknown =>
  expect.objectContaining({ 'pgboss.schema': 'pgboss', 'messaging.operation.name': operation });

const ABORTED = { error: true, 'error.type': 'AbortError', 'oncespan.outcome': 'aborted' };
const ABORT = {
  status: 'ERROR This operation was aborted',
  exceptions: ['AbortError: This operation was aborted'],
};

describe.skipIf(!hasPostgres)('pg-boss (skipped where there is no PostgreSQL)', () => {
  const postgres = usePostgres();

  /** An empty queue, and a way to send to it by name: the span that does it is called like the one who gets the mail. */
  async function open(queue: string, openTelemetry: OpenTelemetryOptions) {
    const { host, user } = postgres;
    const boss = new PgBoss({ host, user, database: user, openTelemetry, supervise: false, schedule: false });
    const errors: Error[] = [];
    boss.on('error', (error) => errors.push(error));
    // That a handler outlives its time.
    boss.on('warning', () => {});
    await boss.start();
    await boss.deleteQueue(queue);
    await boss.createQueue(queue);
    const stop = async () => {
      await boss.stop();
      expect(errors).toEqual([]);
    };
    onTestFinished(stop);
    const order = async (to: string, options?: SendOptions) =>
      (await withSpan(to, () => enqueue(boss, queue, { to }, options)))!;
    return { boss, order, stop };
  }

  /** @returns who gets them, in the order in which pg-boss has handed them over */
  async function sendTwoDigests(telemetry: OpenTelemetryOptions): Promise<readonly string[]> {
    const { boss, order, stop } = await open('digests', telemetry);
    await order('Ada');
    await order('Bob');
    const sent = deferred<readonly string[]>();
    await sendDigests(boss, async (to) => {
      sent.resolve(to);
      return 'sent';
    });
    const to = await sent.promise;
    await stop();
    return to;
  }

  describe('without its own telemetry', () => {
    const telemetry = { enabled: false };

    test('each job in the trace of who has sent it: one is delivered, one fails', async () => {
      const { rows } = record();
      const { boss, order, stop } = await open('receipts', telemetry);
      const [ada, bob] = [await order('Ada'), await order('Bob', { retryLimit: 0 })];
      const both = deferred();
      await sendReceipts(boss, async ([to]) => {
        if (to === 'Ada') return 'sent';
        // The other one has ended.
        await turn();
        both.resolve();
        throw new RangeError('no address');
      });
      await both.promise;
      await stop();
      expect(rows()).toEqual([
        { name: 'Ada' },
        { name: 'Bob' },
        {
          name: 'process receipts',
          kind: 'CONSUMER',
          parent: 'Ada',
          attributes: ofJob(ada, 1),
          links: ['Ada'],
        },
        {
          name: 'process receipts',
          kind: 'CONSUMER',
          parent: 'Bob',
          status: 'ERROR no address',
          attributes: ofJob(bob, 1, { error: true, 'error.type': 'RangeError' }),
          exceptions: ['RangeError: no address'],
          links: ['Bob'],
        },
      ]);
    });

    test('a job that fails is tried again in a trace of its own', async () => {
      const { rows } = record();
      const { boss, order, stop } = await open('receipts', telemetry);
      const ada = await order('Ada', { retryLimit: 1, retryDelay: 0 });
      const second = deferred();
      let deliveries = 0;
      await sendReceipts(boss, async () => {
        if (++deliveries === 1) throw new RangeError('mailbox full');
        second.resolve();
        return 'sent';
      });
      await second.promise;
      await stop();
      expect(rows()).toEqual([
        { name: 'Ada' },
        {
          name: 'process receipts',
          kind: 'CONSUMER',
          parent: 'Ada',
          status: 'ERROR mailbox full',
          attributes: ofJob(ada, 1, { error: true, 'error.type': 'RangeError' }),
          exceptions: ['RangeError: mailbox full'],
          links: ['Ada'],
        },
        { name: 'process receipts', kind: 'CONSUMER', attributes: ofJob(ada, 2), links: ['Ada'] },
      ]);
    });

    test('a job that takes longer than it may ends at that moment', async () => {
      const { rows } = record();
      const { boss, order, stop } = await open('receipts', telemetry);
      const ada = await order('Ada', { expireInSeconds: 1, retryLimit: 0 });
      const expired = deferred();
      const delivered = deferred<string>();
      await sendReceipts(boss, (_to, signal) => {
        signal.addEventListener('abort', () => expired.resolve());
        return delivered.promise;
      });
      await expired.promise;
      const ended = rows();
      delivered.resolve('sent all the same');
      await stop();
      expect(ended).toEqual([
        { name: 'Ada' },
        {
          name: 'process receipts',
          kind: 'CONSUMER',
          parent: 'Ada',
          ...ABORT,
          attributes: ofJob(ada, 1, ABORTED),
          links: ['Ada'],
        },
      ]);
      expect(rows()).toEqual(ended);
    });

    test('a batch is one span, linked to who has sent its jobs', async () => {
      const { rows } = record();
      const links = await sendTwoDigests(telemetry);
      expect(links.toSorted()).toEqual(['Ada', 'Bob']);
      expect(rows()).toEqual([
        { name: 'Ada' },
        { name: 'Bob' },
        { name: 'process digests', kind: 'CONSUMER', attributes: ofBatch(2), links },
      ]);
    });

    test('a batch that takes longer than it may ends at that moment', async () => {
      const { rows } = record();
      const { boss, order, stop } = await open('digests', telemetry);
      await order('Ada', { expireInSeconds: 1, retryLimit: 0 });
      await order('Bob', { expireInSeconds: 1, retryLimit: 0 });
      const expired = deferred<readonly string[]>();
      const delivered = deferred<string>();
      await sendDigests(boss, (to, signal) => {
        signal.addEventListener('abort', () => expired.resolve(to));
        return delivered.promise;
      });
      const links = await expired.promise;
      const ended = rows();
      delivered.resolve('sent all the same');
      await stop();
      expect(ended).toEqual([
        { name: 'Ada' },
        { name: 'Bob' },
        { name: 'process digests', kind: 'CONSUMER', ...ABORT, attributes: ofBatch(2, ABORTED), links },
      ]);
      expect(rows()).toEqual(ended);
    });
  });

  describe('with its own telemetry, below its span', () => {
    const telemetry = { propagateContext: true };

    test('a job', async () => {
      const { rows, spans } = record();
      const { boss, order, stop } = await open('digests', telemetry);
      const ada = await order('Ada');
      const sent = deferred();
      await sendDigests(boss, async () => {
        sent.resolve();
        return 'sent';
      });
      await sent.promise;
      await stop();
      expect(rows()).toEqual([
        { name: 'send digests', kind: 'PRODUCER', parent: 'Ada', attributes: theirs('send') },
        { name: 'Ada' },
        {
          name: 'process digests',
          parent: 'process digests',
          attributes: { ...ofJob(ada, 1), 'messaging.destination.name': 'digests' },
          links: ['Ada'],
        },
        {
          name: 'complete digests',
          kind: 'CLIENT',
          parent: 'process digests',
          attributes: theirs('complete'),
        },
        {
          name: 'process digests',
          kind: 'CONSUMER',
          parent: 'send digests',
          attributes: theirs('process'),
        },
      ]);
      const [, , ours, complete, around] = spans();
      const { spanId } = around!.spanContext();
      expect([ours, complete].map((span) => span!.parentSpanContext?.spanId)).toEqual([spanId, spanId]);
    });

    test('a batch', async () => {
      const { rows, spans } = record();
      const links = await sendTwoDigests(telemetry);
      expect(rows().slice(4)).toEqual([
        { name: 'process digests', parent: 'process digests', attributes: ofBatch(2), links },
        {
          name: 'complete digests',
          kind: 'CLIENT',
          parent: 'process digests',
          attributes: theirs('complete'),
        },
        {
          name: 'process digests',
          kind: 'CONSUMER',
          attributes: theirs('process'),
          links: ['send digests', 'send digests'],
        },
      ]);
      const [ours, , around] = spans().slice(4);
      expect(ours!.parentSpanContext?.spanId).toBe(around!.spanContext().spanId);
    });

    test('each job of a batch, which its span does not tell apart', async () => {
      const { rows, spans } = record();
      const { boss, order, stop } = await open('receipts', telemetry);
      const [ada, bob] = [await order('Ada'), await order('Bob')];
      const both = deferred();
      await sendReceipts(boss, async ([to]) => {
        if (to === 'Ada') return 'sent';
        // The other one has ended.
        await turn();
        both.resolve();
        return 'sent';
      });
      await both.promise;
      await stop();
      const consumer = { name: 'process receipts', kind: 'CONSUMER' };
      expect(rows().slice(4)).toEqual([
        { ...consumer, parent: 'process receipts', attributes: ofJob(ada, 1), links: ['Ada'] },
        { ...consumer, parent: 'process receipts', attributes: ofJob(bob, 1), links: ['Bob'] },
        {
          name: 'complete receipts',
          kind: 'CLIENT',
          parent: 'process receipts',
          attributes: theirs('complete'),
        },
        { ...consumer, attributes: theirs('process'), links: ['send receipts', 'send receipts'] },
      ]);
      const [first, second, , around] = spans().slice(4);
      const { spanId } = around!.spanContext();
      expect([first, second].map((span) => span!.parentSpanContext?.spanId)).toEqual([spanId, spanId]);
    });
  });
});
