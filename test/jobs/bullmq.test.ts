import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Attributes, context, propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { type Job, Queue, QueueEvents, Worker, type WorkerOptions } from 'bullmq';
import { BullMQOtel } from 'bullmq-otel';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { enqueue, type MailServer, startWorker } from '../../examples/jobs/bullmq.ts';
import { withSpan } from '../../src/index.ts';
import { deferred, record, type SpanRow } from '../harness.ts';
import { OtlpReceiver } from '../otlp-receiver.ts';
import { hasRedis } from '../servers/installed.ts';
import { useRedis } from '../servers/redis.ts';
import { receivedRows } from './received-rows.ts';
import { messageOf, RUN_TYPESCRIPT, spawnTypeScript } from './spawn-typescript.ts';

// examples/jobs/bullmq.ts and bullmq-sandbox.ts on a real Redis.

beforeEach(() => void propagation.setGlobalPropagator(new W3CTraceContextPropagator()));
afterEach(() => propagation.disable());

/** What is on the span of an attempt at the only job of a test. */
const processing = (attempt: number, others: Attributes = {}): Attributes => ({
  'messaging.system': 'bullmq',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  'messaging.destination.name': 'mail',
  'messaging.message.id': '1',
  'messaging.bullmq.attempt': attempt,
  'messaging.bullmq.job_name': 'receipt',
  ...others,
});

/** A job that is done at its first attempt, in the trace of who has ordered it. */
const SENT: SpanRow[] = [
  { name: 'order' },
  {
    name: 'process mail',
    kind: 'CONSUMER',
    parent: 'order',
    attributes: processing(1),
    links: ['order'],
  },
];

const ofBullMQ = (operation: string): Attributes => ({
  'bullmq.queue.name': 'mail',
  'bullmq.queue.operation': operation,
  'bullmq.job.name': 'receipt',
  'bullmq.job.id': '1',
});

const mailServer = (deliver: MailServer['deliver']): MailServer => ({ isOpen: () => true, deliver });

describe.skipIf(!hasRedis)('BullMQ (skipped where there is no redis-server)', () => {
  const redis = useRedis();

  /** An empty queue, and what happens to its jobs. */
  async function open(options: Pick<WorkerOptions, 'telemetry'> = {}) {
    const connection = { path: redis.path };
    const queue = new Queue('mail', { connection, ...options });
    const events = new QueueEvents('mail', { connection });
    await events.waitUntilReady();
    const work = (server: MailServer, others?: Omit<WorkerOptions, 'connection'>) => {
      const worker = startWorker(server, connection, { ...options, ...others });
      onTestFinished(() => worker.close());
      return worker;
    };
    const order = (jobOptions?: Parameters<Queue['add']>[2]) =>
      withSpan('order', () => enqueue(queue, { to: 'Ada' }, jobOptions));
    const outcome = (job: Job) => job.waitUntilFinished(events).then(String, String);
    onTestFinished(async () => {
      await queue.obliterate({ force: true });
      await Promise.all([queue.close(), events.close()]);
    });
    return { connection, queue, events, work, order, outcome };
  }

  test('a job that is sent, in the trace of who has ordered it', async () => {
    const { rows } = record();
    const { work, order, outcome } = await open();
    work(mailServer(async (to) => `sent to ${to}`));
    expect(await outcome(await order())).toBe('sent to Ada');
    expect(rows()).toEqual(SENT);
  });

  test('a job that fails, and is tried again in a trace of its own', async () => {
    const { rows } = record();
    const { work, order, outcome } = await open();
    let deliveries = 0;
    work(
      mailServer(async () => {
        if (++deliveries === 1) throw new RangeError('mailbox full');
        return 'sent';
      }),
    );
    expect(await outcome(await order({ attempts: 2 }))).toBe('sent');
    expect(rows()).toEqual([
      { name: 'order' },
      {
        name: 'process mail',
        kind: 'CONSUMER',
        parent: 'order',
        status: 'ERROR mailbox full',
        attributes: processing(1, { error: true, 'error.type': 'RangeError' }),
        exceptions: ['RangeError: mailbox full'],
        links: ['order'],
      },
      { name: 'process mail', kind: 'CONSUMER', attributes: processing(2), links: ['order'] },
    ]);
  });

  test('a job that was sent for later, in a trace of its own', async () => {
    const { rows } = record();
    const { work, order, outcome } = await open();
    work(mailServer(async () => 'sent'));
    expect(await outcome(await order({ delay: 1 }))).toBe('sent');
    expect(rows()).toEqual([
      { name: 'order' },
      { name: 'process mail', kind: 'CONSUMER', attributes: processing(1), links: ['order'] },
    ]);
  });

  test('a worker that was started in a request which is not sampled: jobs go by who has ordered them', async () => {
    const { rows } = record();
    const { work, order, outcome } = await open();
    const unsampled = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.NONE };
    context.with(trace.setSpanContext(ROOT_CONTEXT, unsampled), () => work(mailServer(async () => 'sent')));
    expect(await outcome(await order())).toBe('sent');
    expect(rows()).toEqual(SENT);
  });

  test('a job that its processor puts off has not failed', async () => {
    const { rows } = record();
    const { events, work, order, outcome } = await open();
    let isOpen = false;
    work({ isOpen: () => isOpen, deliver: async () => 'sent' });
    const delayed = once(events as never, 'delayed');
    const job = await order();
    await delayed;
    isOpen = true;
    await job.promote();
    expect(await outcome(job)).toBe('sent');
    expect(rows()).toEqual([
      { name: 'order' },
      {
        name: 'process mail',
        kind: 'CONSUMER',
        parent: 'order',
        attributes: processing(1, { 'oncespan.outcome': 'ignored' }),
        links: ['order'],
      },
      { name: 'process mail', kind: 'CONSUMER', attributes: processing(2), links: ['order'] },
    ]);
  });

  test('a job that is cancelled from elsewhere ends at that moment', async () => {
    const { rows } = record();
    const { work, order, outcome } = await open();
    const delivering = deferred();
    const delivered = deferred<string>();
    const worker = work(
      mailServer(() => {
        delivering.resolve();
        return delivered.promise;
      }),
    );
    const job = await order();
    await delivering.promise;
    worker.cancelJob(job.id!, 'the customer left');
    const ended = rows();
    delivered.resolve('sent all the same');
    expect(await outcome(job)).toBe('sent all the same');
    expect(ended).toEqual([
      { name: 'order' },
      {
        name: 'process mail',
        kind: 'CONSUMER',
        parent: 'order',
        status: 'ERROR the customer left',
        attributes: processing(1, {
          error: true,
          'error.type': 'AbortError',
          'oncespan.outcome': 'aborted',
        }),
        exceptions: ['AbortError: the customer left'],
        links: ['order'],
      },
    ]);
    expect(rows()).toEqual(ended);
  });

  test('a job of a process that hangs is taken over; when that process goes on, its span is aborted', async () => {
    const { rows, spans } = record();
    const { work, order, outcome } = await open();
    const receiver = await OtlpReceiver.start();
    onTestFinished(() => receiver.close());
    const arrived = deferred();
    receiver.answer = () => {
      arrived.resolve();
      return 'accept';
    };
    const stopped = spawnTypeScript(fileURLToPath(new URL('stopped-worker.ts', import.meta.url)), [], {
      REDIS: redis.path,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
    });
    onTestFinished(() => void stopped.kill('SIGKILL'));
    const delivering = messageOf(stopped);
    const job = await order();
    await delivering;
    stopped.kill('SIGSTOP');
    work(
      mailServer(async () => 'sent'),
      { stalledInterval: 100 },
    );
    expect(await outcome(job)).toBe('sent');
    expect(rows()).toEqual([
      { name: 'order' },
      { name: 'process mail', kind: 'CONSUMER', attributes: processing(2), links: ['order'] },
    ]);
    stopped.kill('SIGCONT');
    await arrived.promise;
    stopped.send('deliver');
    const closed = once(stopped, 'close');
    stopped.kill('SIGTERM');
    expect(await closed).toEqual([null, 'SIGTERM']);
    expect(receivedRows(receiver.spans, { [spans()[0]!.spanContext().spanId]: 'order' })).toEqual([
      {
        name: 'process mail',
        kind: 'CONSUMER',
        parent: 'order',
        status: 'ERROR its lock was lost',
        attributes: processing(1, {
          error: true,
          'error.type': 'AbortError',
          'oncespan.outcome': 'aborted',
        }),
        links: ['order'],
      },
    ]);
  });

  test.for([
    ['a process', {}],
    ['a thread', { useWorkerThreads: true }],
  ] as const)('a processor that BullMQ runs in %s of its own', async ([, options]) => {
    const { rows, spans } = record();
    const { connection, order, outcome } = await open();
    const receiver = await OtlpReceiver.start();
    onTestFinished(() => receiver.close());
    const env = { ...process.env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url };
    const sandboxed = { execArgv: RUN_TYPESCRIPT, env };
    const worker = new Worker('mail', new URL('../../examples/jobs/bullmq-sandbox.ts', import.meta.url), {
      connection,
      workerForkOptions: sandboxed,
      workerThreadsOptions: sandboxed,
      ...options,
    });
    onTestFinished(() => worker.close());
    expect(await outcome(await order())).toBe('Dear Ada');
    // It was exported before BullMQ heard that it is through.
    expect(receivedRows(receiver.spans, { [spans()[0]!.spanContext().spanId]: 'order' })).toEqual([
      { name: 'layout', parent: 'process mail' },
      {
        name: 'process mail',
        kind: 'CONSUMER',
        parent: 'order',
        attributes: processing(1),
        links: ['order'],
      },
    ]);
    expect(rows()).toEqual([{ name: 'order' }]);
  });

  test('below a span of bullmq-otel', async () => {
    const { rows, spans } = record();
    const { work, order, outcome } = await open({ telemetry: new BullMQOtel() });
    const worker = work(mailServer(async () => 'sent'));
    expect(await outcome(await order())).toBe('sent');
    await worker.close();
    // Its workers also make traces of their own, about what they look for.
    const { traceId } = spans()
      .find(({ name }) => name === 'order')!
      .spanContext();
    const inTrace = spans().filter((span) => span.spanContext().traceId === traceId);
    expect(rows().filter((_row, index) => inTrace.includes(spans()[index]!))).toEqual([
      {
        name: 'add mail.receipt',
        kind: 'PRODUCER',
        parent: 'order',
        attributes: ofBullMQ('add'),
      },
      { name: 'order' },
      {
        name: 'process mail',
        parent: 'process mail',
        attributes: processing(1),
        links: ['add mail.receipt'],
      },
      { name: 'complete mail', parent: 'process mail', attributes: ofBullMQ('complete') },
      {
        name: 'process mail',
        kind: 'CONSUMER',
        parent: 'add mail.receipt',
        attributes: expect.objectContaining(ofBullMQ('process')),
        // An event of its own, `job completed`.
        exceptions: [expect.any(String)],
      },
    ]);
    const [, , ours, , theirs] = inTrace;
    expect([ours, theirs].map((span) => span?.instrumentationScope.name)).toEqual(['oncespan', 'bullmq']);
    expect(ours!.parentSpanContext?.spanId).toBe(theirs!.spanContext().spanId);
  });
});
