import { getEventListeners } from 'node:events';
import {
  type Attributes,
  context as contexts,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTracing, type TaskOptions, traceTask } from '../src/index.ts';
import { bullmq, lambda, pgBoss, sqs } from '../src/jobs/index.ts';
import { caught, deferred, record, reported, turn } from './harness.ts';

// What is handed over is built here as the libraries do it; test/jobs/ runs the real ones.

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;

beforeEach(() => void propagation.setGlobalPropagator(new W3CTraceContextPropagator()));
afterEach(() => propagation.disable());

/** The span that a call with these arguments makes. */
async function spanOf(options: TaskOptions, ...args: unknown[]) {
  const { spans } = record();
  await traceTask(async function job(..._args: unknown[]) {}, options)(...args);
  const [{ name, kind, attributes, parentSpanContext, links }] = spans() as [ReturnType<typeof spans>[0]];
  return {
    name,
    kind,
    attributes,
    parent: parentSpanContext?.spanId,
    links: links.map(({ context }) => context.spanId),
  };
}

/** The span that a call makes under another one. */
async function spanUnder(kind: SpanKind, attributes: Attributes, options: TaskOptions, ...args: unknown[]) {
  const { provider, spans } = record();
  await provider.getTracer('queue').startActiveSpan('around', { kind, attributes }, async (around) => {
    await traceTask(async () => {}, options)(...(args as []));
    around.end();
  });
  const [inner, around] = spans() as [ReturnType<typeof spans>[0], ReturnType<typeof spans>[0]];
  const isChild = inner.parentSpanContext?.spanId === around.spanContext().spanId;
  return { kind: inner.kind, isChild, links: inner.links.map(({ context }) => context.spanId) };
}

const jobOfBull = {
  id: '7',
  name: 'receipt',
  data: { order: 1, headers: { traceparent: TRACEPARENT } },
  opts: { attempts: 3, delay: 0 },
  delay: 0,
  attemptsMade: 0,
  attemptsStarted: 1,
  queueName: 'mail',
};
const jobOfBoss = { id: '7', name: 'mail', data: { headers: { traceparent: TRACEPARENT } }, retryCount: 0 };
const message = {
  MessageId: '7',
  Body: '{}',
  Attributes: { ApproximateReceiveCount: '1' },
  MessageAttributes: { traceparent: { DataType: 'String', StringValue: TRACEPARENT } },
};
const recordOf = (queue: string, others: object = {}) => ({
  messageId: '7',
  body: '{}',
  attributes: { ApproximateReceiveCount: '1' },
  messageAttributes: {},
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:eu-central-1:123456789012:${queue}`,
  ...others,
});
const traceHeader = {
  AWSTraceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
};

const processing = (system: string, others: Attributes = {}) => ({
  'messaging.system': system,
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  ...others,
});

describe('a first attempt', () => {
  test('of BullMQ', async () => {
    expect(await spanOf(bullmq(), jobOfBull, 'token')).toEqual({
      name: 'process mail',
      kind: SpanKind.CONSUMER,
      attributes: processing('bullmq', {
        'messaging.destination.name': 'mail',
        'messaging.message.id': '7',
        'messaging.bullmq.attempt': 1,
        'messaging.bullmq.job_name': 'receipt',
      }),
      parent: SPAN,
      links: [SPAN],
    });
  });

  test('of pg-boss, which hands over an array', async () => {
    expect(await spanOf(pgBoss(), [jobOfBoss])).toEqual({
      name: 'process mail',
      kind: SpanKind.CONSUMER,
      attributes: processing('pg-boss', {
        'messaging.destination.name': 'mail',
        'messaging.message.id': '7',
        'messaging.pg_boss.attempt': 1,
      }),
      parent: SPAN,
      links: [SPAN],
    });
  });

  test('of SQS, whose messages do not say which queue they come from', async () => {
    expect(await spanOf(sqs(), message)).toEqual({
      name: 'process',
      kind: SpanKind.CONSUMER,
      attributes: processing('aws_sqs', { 'messaging.message.id': '7', 'messaging.aws_sqs.attempt': 1 }),
      parent: SPAN,
      links: [SPAN],
    });
  });

  test('of SQS, a record of a Lambda event with the header of AWS', async () => {
    const given = recordOf('mail', { attributes: { ApproximateReceiveCount: '1', ...traceHeader } });
    expect(await spanOf(sqs(), given)).toEqual({
      name: 'process mail',
      kind: SpanKind.CONSUMER,
      attributes: processing('aws_sqs', {
        'messaging.destination.name': 'mail',
        'messaging.message.id': '7',
        'messaging.aws_sqs.attempt': 1,
      }),
      parent: '53995c3f42cd8ad8',
      links: ['53995c3f42cd8ad8'],
    });
  });
});

describe('where the producer has left its context', () => {
  test.for([
    ['at the top of the data', { ...jobOfBull, data: { traceparent: TRACEPARENT } }],
    [
      'by bullmq-otel',
      { ...jobOfBull, data: {}, opts: { telemetry: { metadata: `{"traceparent":"${TRACEPARENT}"}` } } },
    ],
    [
      'in the data, and by bullmq-otel nothing of use',
      { ...jobOfBull, opts: { telemetry: { metadata: '7' } } },
    ],
  ] as const)('in a job of BullMQ: %s', async ([, job]) => {
    expect(await spanOf(bullmq(), job)).toMatchObject({ parent: SPAN, links: [SPAN] });
  });

  test.for([
    ['nowhere', {}],
    ['in what is no JSON', { telemetry: { metadata: '{' } }],
    ['in JSON that is no object', { telemetry: { metadata: '7' } }],
  ])('%s: a root', async ([, opts]) => {
    expect(await spanOf(bullmq(), { ...jobOfBull, data: null, opts })).toMatchObject({
      parent: undefined,
      links: [],
    });
  });

  test('in what cannot be read: a root, and that is reported', async () => {
    const job = { ...jobOfBull, data: { headers: { traceparent: 'yesterday' } } };
    expect(await spanOf(bullmq(), job)).toMatchObject({ parent: undefined, links: [] });
    expect(reported.splice(0)).toEqual([
      ['oncespan: option "from" answered a carrier whose traceparent cannot be read'],
      ['oncespan: option "links" answered a carrier whose traceparent cannot be read'],
    ]);
  });

  test.for([
    ['nothing', undefined],
    ['no root', 'Parent=53995c3f42cd8ad8;Sampled=1'],
    ['no parent', 'Root=1-5759e988-bd862e3fe1be46a994272793'],
    ['another version', 'Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8'],
    ['too short', 'Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8'],
  ] as const)('a header of AWS with %s is none', async ([, AWSTraceHeader]) => {
    const given = recordOf('mail', { attributes: { AWSTraceHeader } });
    expect(await spanOf(sqs(), given)).toMatchObject({ parent: undefined, links: [] });
  });
});

test.for([
  ['1', 1],
  ['0', 0],
  ['?', 0],
] as const)('a header of AWS whose Sampled is %s', async ([sampled, traceFlags]) => {
  const header = traceHeader.AWSTraceHeader.replace('Sampled=1', `Sampled=${sampled}`);
  const { spans } = record();
  const given = recordOf('mail', { attributes: { AWSTraceHeader: header, ApproximateReceiveCount: '2' } });
  await traceTask(async (_record: object) => {}, sqs())(given);
  expect(spans()[0]!.links.map(({ context }) => context)).toEqual([
    {
      traceId: '5759e988bd862e3fe1be46a994272793',
      spanId: '53995c3f42cd8ad8',
      traceFlags,
      isRemote: true,
    },
  ]);
});

describe('a root with a link, so that no trace lasts for days:', () => {
  const root = { kind: SpanKind.CONSUMER, parent: undefined, links: [SPAN] };

  test.for<[string, TaskOptions, unknown, Attributes]>([
    ['a retry of BullMQ', bullmq(), { ...jobOfBull, attemptsStarted: 2 }, { 'messaging.bullmq.attempt': 2 }],
    [
      'a retry of BullMQ 4, which counts the attempt under way among those made',
      bullmq(),
      { ...jobOfBull, attemptsStarted: undefined, attemptsMade: 2 },
      { 'messaging.bullmq.attempt': 2 },
    ],
    [
      'a job of BullMQ that was delayed, and is due',
      bullmq(),
      { ...jobOfBull, delay: 0, opts: { delay: 5 } },
      { 'messaging.bullmq.attempt': 1 },
    ],
    [
      'a repeated job of BullMQ',
      bullmq(),
      { ...jobOfBull, repeatJobKey: 'nightly' },
      { 'messaging.bullmq.attempt': 1 },
    ],
    [
      'a job of BullMQ that is repeated by its options',
      bullmq(),
      { ...jobOfBull, attemptsStarted: 0, opts: { repeat: { every: 5 } } },
      { 'messaging.bullmq.attempt': 1 },
    ],
    ['a retry of pg-boss', pgBoss(), [{ ...jobOfBoss, retryCount: 1 }], { 'messaging.pg_boss.attempt': 2 }],
    [
      'a delayed job of pg-boss',
      pgBoss(),
      [{ ...jobOfBoss, createdOn: new Date(0), startAfter: new Date(5) }],
      { 'messaging.pg_boss.attempt': 1 },
    ],
    [
      'a message of SQS that is received again',
      sqs(),
      { ...message, Attributes: { ApproximateReceiveCount: '2' } },
      { 'messaging.aws_sqs.attempt': 2 },
    ],
  ])('%s', async ([, options, given, attributes]) => {
    const span = await spanOf(options, given);
    expect(span).toMatchObject(root);
    expect(span.attributes).toMatchObject(attributes);
  });

  test.for<[string, TaskOptions, unknown[], string]>([
    ['pg-boss', pgBoss(), [jobOfBoss, jobOfBoss], 'process mail'],
    ['SQS', sqs(), [message, message], 'process'],
    ['SQS, even of one', sqs(), [message], 'process'],
  ])('a batch of %s', async ([, options, batch, name]) => {
    const { attributes, ...span } = await spanOf(options, batch);
    expect(span).toEqual({ ...root, name, links: batch.map(() => SPAN) });
    expect(attributes).toMatchObject({ 'messaging.batch.message_count': batch.length });
    expect(Object.keys(attributes).filter((key) => /id$|attempt$/.test(key))).toEqual([]);
  });
});

describe('under a span that is active', () => {
  const consumer = SpanKind.CONSUMER;

  test.for<[string, Attributes, TaskOptions, unknown]>([
    ['for this job of bullmq-otel', { 'bullmq.job.id': '7' }, bullmq(), jobOfBull],
    ['for this job of pg-boss itself', { 'messaging.message.id': '7' }, pgBoss(), [jobOfBoss]],
    [
      'for this batch of pg-boss itself',
      { 'messaging.batch.message_count': 2 },
      pgBoss(),
      [jobOfBoss, jobOfBoss],
    ],
    ['for a message that it does not name', {}, sqs(), message],
  ])('%s, it is that span’s child, and internal', async ([, attributes, options, given]) => {
    const { links, ...span } = await spanUnder(consumer, attributes, options, given);
    expect(span).toEqual({ kind: SpanKind.INTERNAL, isChild: true });
    expect(new Set(links)).toEqual(new Set([SPAN]));
  });

  test.for<[string, SpanKind, Attributes, TaskOptions, unknown]>([
    ['for another message', consumer, { 'messaging.message.id': '8' }, sqs(), message],
    ['for the batch around it', consumer, { 'messaging.batch.message_count': 2 }, pgBoss(), jobOfBoss],
    ['for one message of the batch', consumer, { 'messaging.message.id': '7' }, pgBoss(), []],
    ['that processes no message', SpanKind.INTERNAL, {}, bullmq(), jobOfBull],
    [
      'that processes no message, at a retry',
      SpanKind.SERVER,
      {},
      bullmq(),
      { ...jobOfBull, attemptsMade: 1 },
    ],
  ])('%s, it is that span’s child, and a consumer', async ([, kind, attributes, options, given]) => {
    const span = await spanUnder(kind, attributes, options, given);
    expect(span).toMatchObject({ kind: SpanKind.CONSUMER, isChild: true });
  });

  test('that is not sampled, as in the context of a worker loop: the job has its producer for a parent', async () => {
    const unsampled = trace.wrapSpanContext({
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      traceFlags: 0,
    });
    const under = (job: object) =>
      contexts.with(trace.setSpan(ROOT_CONTEXT, unsampled), () => spanOf(bullmq(), job));
    expect(await under(jobOfBull)).toMatchObject({ parent: SPAN, links: [SPAN] });
    expect(await under({ ...jobOfBull, attemptsStarted: 2 })).toMatchObject({
      parent: undefined,
      links: [SPAN],
    });
    const { rows } = record();
    contexts.with(trace.setSpan(ROOT_CONTEXT, unsampled), () =>
      traceTask(async (_job: object) => {}, bullmq())({}),
    );
    expect(rows()).toEqual([]);
  });

  test('that has ended, as in the context of a worker loop: as if there were none', async () => {
    const { provider, spans } = record();
    await provider.getTracer('boot').startActiveSpan('boot', async (boot) => {
      boot.end();
      await traceTask(async (_job: object) => {}, bullmq())(jobOfBull);
    });
    expect(spans()[1]).toMatchObject({ kind: SpanKind.CONSUMER, parentSpanContext: { spanId: SPAN } });
  });
});

describe('errors by which BullMQ is told to run a job later', () => {
  test.for(['DelayedError', 'WaitingChildrenError', 'WaitingError', 'RateLimitError'])(
    '%s is ignored, beside those that the user ignores',
    async (name) => {
      for (const options of [
        bullmq(),
        bullmq({ ignoreErrors: RangeError }),
        bullmq({ ignoreErrors: ['X'] }),
      ]) {
        const { rows } = record();
        const failure = Object.assign(new Error('later'), { name });
        const job = traceTask(async () => Promise.reject(failure), { ...options, attributes: {} });
        await expect(job()).rejects.toBe(failure);
        expect(rows()).toEqual([
          { name: 'process', kind: 'CONSUMER', attributes: { 'oncespan.outcome': 'ignored' } },
        ]);
      }
    },
  );

  test('what the user ignores is ignored, what nobody does is a failure', async () => {
    const { rows } = record();
    const job = traceTask(async (failure: Error) => Promise.reject(failure), {
      ...bullmq({ ignoreErrors: RangeError }),
      attributes: {},
    });
    await job(new RangeError('no failure')).catch(() => {});
    await job(new TypeError('failure')).catch(() => {});
    expect(rows()).toEqual([
      { name: 'process', kind: 'CONSUMER', attributes: { 'oncespan.outcome': 'ignored' } },
      {
        name: 'process',
        kind: 'CONSUMER',
        status: 'ERROR failure',
        attributes: { error: true, 'error.type': 'TypeError' },
        exceptions: ['TypeError: failure'],
      },
    ]);
  });
});

describe('a batch of pg-boss, whose jobs bring a signal each', () => {
  /** Two jobs of one call, and what ends them. */
  function batchOf(signals: readonly AbortSignal[]) {
    const { rows } = record();
    const { promise, resolve } = deferred();
    const jobs = signals.map((signal, index) => ({ ...jobOfBoss, id: String(index), signal }));
    const done = traceTask((_jobs: unknown) => promise, { ...pgBoss(), attributes: {}, links: () => [] })(
      jobs,
    );
    const settle = () => {
      resolve();
      return done;
    };
    return { rows, settle };
  }

  test('ends with the last of them, and goes on without a job that is lost', async () => {
    const [lost, late] = [new AbortController(), new AbortController()];
    const { rows, settle } = batchOf([lost.signal, late.signal]);
    lost.abort(new Error('lost'));
    expect(rows()).toEqual([]);
    late.abort(new Error('too late'));
    const ended = [
      {
        name: 'process mail',
        kind: 'CONSUMER',
        status: 'ERROR too late',
        attributes: { error: true, 'error.type': 'Error', 'oncespan.outcome': 'aborted' },
        exceptions: ['Error: too late'],
      },
    ];
    expect(rows()).toEqual(ended);
    await settle();
    expect(rows()).toEqual(ended);
  });

  test('has ended before it began, where all of them are aborted already', async () => {
    const { rows, settle } = batchOf([AbortSignal.abort(), AbortSignal.abort()]);
    expect(rows()).toMatchObject([{ attributes: { 'oncespan.outcome': 'aborted' } }]);
    await settle();
  });

  test('returns like any other while one of them is not aborted', async () => {
    const { rows, settle } = batchOf([AbortSignal.abort(), new AbortController().signal]);
    await settle();
    expect(rows()).toEqual([{ name: 'process mail', kind: 'CONSUMER' }]);
  });

  test('leaves no listener behind', async () => {
    const signals = [new AbortController().signal, new AbortController().signal];
    const { settle } = batchOf(signals);
    expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual([1, 1]);
    await settle();
    await turn();
    expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual([0, 0]);
  });
});

test('a job of pg-boss that is taken apart is ended by the signal that goes with it', async () => {
  const { rows } = record();
  const controller = new AbortController();
  const { promise, resolve } = deferred();
  const send = traceTask((_data: object, _signal: AbortSignal) => promise, { ...pgBoss(), attributes: {} });
  const done = send({ to: 'Ada' }, controller.signal);
  controller.abort();
  expect(rows()).toMatchObject([{ attributes: { 'oncespan.outcome': 'aborted' } }]);
  resolve();
  await done;
});

describe('Lambda', () => {
  const invoked = {
    functionName: 'greeter',
    awsRequestId: 'request-1',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:greeter',
    getRemainingTimeInMillis: () => 3000,
  };
  const invocation = {
    'faas.invocation_id': 'request-1',
    'aws.lambda.invoked_arn': invoked.invokedFunctionArn,
    'cloud.account.id': '123456789012',
  };

  test('an HTTP request: a server span in the trace of its headers; the first call is a cold start', async () => {
    const options = lambda();
    const event = { headers: { Traceparent: TRACEPARENT }, requestContext: {} };
    expect(await spanOf(options, event, invoked)).toEqual({
      name: 'greeter',
      kind: SpanKind.SERVER,
      attributes: { ...invocation, 'faas.trigger': 'http', 'faas.coldstart': true },
      parent: SPAN,
      links: [],
    });
    expect((await spanOf(options, {}, invoked)).attributes).toEqual({
      ...invocation,
      'faas.trigger': 'other',
      'faas.coldstart': false,
    });
  });

  test('a load balancer that hands over all values of a header', async () => {
    const event = { multiValueHeaders: { traceparent: [TRACEPARENT] }, requestContext: { elb: {} } };
    expect(await spanOf(lambda(), event, invoked)).toMatchObject({ parent: SPAN });
  });

  test('messages of SQS: a consumer span, linked by the header of AWS and by what they carry', async () => {
    const event = {
      Records: [
        recordOf('mail', { attributes: traceHeader }),
        recordOf('mail', { messageAttributes: { traceparent: { stringValue: TRACEPARENT } } }),
        recordOf('mail'),
      ],
    };
    expect(await spanOf(lambda(), event, invoked)).toEqual({
      name: 'mail process',
      kind: SpanKind.CONSUMER,
      attributes: {
        ...processing('aws_sqs', {
          'messaging.destination.name': 'mail',
          'messaging.batch.message_count': 3,
        }),
        ...invocation,
        'faas.trigger': 'pubsub',
        'faas.coldstart': true,
      },
      parent: undefined,
      links: ['53995c3f42cd8ad8', SPAN],
    });
  });

  test('of several queues', async () => {
    const { name, attributes } = await spanOf(lambda(), { Records: [recordOf('a'), recordOf('b')] }, invoked);
    expect(name).toBe('multiple_sources process');
    expect(attributes).not.toHaveProperty('messaging.destination.name');
  });

  test('a span a message below it, even of one', async () => {
    const { spans } = record();
    const one = traceTask(async (_record: object) => {}, sqs());
    const handler = traceTask(
      (event: { Records: object[] }, _context: object) => Promise.all(event.Records.map((each) => one(each))),
      lambda(),
    );
    await handler({ Records: [recordOf('mail')] }, invoked);
    expect(spans().map(({ name, kind }) => [name, kind])).toEqual([
      ['process mail', SpanKind.CONSUMER],
      ['mail process', SpanKind.CONSUMER],
    ]);
    expect(spans()[0]!.parentSpanContext!.spanId).toBe(spans()[1]!.spanContext().spanId);
  });

  test.for<[string, object]>([
    ['timer', { source: 'aws.events', 'detail-type': 'Scheduled Event' }],
    ['pubsub', { Records: [{ EventSource: 'aws:sns' }] }],
    ['pubsub', { Records: [{ eventSource: 'aws:kinesis' }] }],
    ['datasource', { Records: [{ eventSource: 'aws:s3' }] }],
    ['http', { multiValueHeaders: {}, requestContext: { elb: {} } }],
    ['http', { requestContext: { connectionId: 'c1', eventType: 'MESSAGE' } }],
    ['other', { requestContext: { functionArn: 'arn' }, requestPayload: {} }],
    ['other', { source: 'constructor' }],
  ])('what has triggered it: %s', async ([trigger, event]) => {
    const { kind, attributes } = await spanOf(lambda(), event, invoked);
    expect([kind, attributes['faas.trigger']]).toEqual([SpanKind.SERVER, trigger]);
  });

  test.for([SpanKind.SERVER, SpanKind.CONSUMER])(
    'under the span of an instrumentation, of kind %i, it is internal',
    async (kind) => {
      expect(await spanUnder(kind, {}, lambda(), {}, invoked)).toEqual({
        kind: SpanKind.INTERNAL,
        isChild: true,
        links: [],
      });
    },
  );

  test('the answer waits for the export', async () => {
    const exported = deferred();
    const { provider } = record();
    vi.spyOn(provider, 'forceFlush').mockReturnValue(exported.promise);
    const answers: unknown[] = [];
    const handler = traceTask(async (_event: object, _context: object) => 'answer', lambda());
    const done = handler({}, invoked).then((answer) => answers.push(answer));
    await turn();
    expect(answers).toEqual([]);
    exported.resolve();
    await done;
    expect(answers).toEqual(['answer']);
  });

  test('the answer does not wait longer than Lambda does', async () => {
    const { provider } = record();
    const exported = deferred();
    vi.spyOn(provider, 'forceFlush').mockReturnValue(exported.promise);
    const answers: unknown[] = [];
    const answersAfter = async (options: TaskOptions, left: number, expected: number) => {
      const handler = traceTask(async (..._args: unknown[]) => 'answer', options);
      const done = handler({}, { ...invoked, getRemainingTimeInMillis: () => left }).then((answer) =>
        answers.push(answer),
      );
      await turn();
      await vi.advanceTimersByTimeAsync(expected - 1);
      expect(answers).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      await done;
      expect(answers.splice(0)).toEqual(['answer']);
    };
    await answersAfter(lambda(), 3000, 2900);
    await answersAfter(lambda(), 60_000, 5000);
    await answersAfter(lambda({ flushTimeoutMs: 4000 }), 3000, 2900);
    await answersAfter(lambda({ flushTimeoutMs: 2000 }), 3000, 2000);
    await answersAfter(lambda({ flushTimeoutMs: () => 1000 }), 3000, 1000);
    await answersAfter(lambda(), 50, 1);
    exported.resolve();
    await turn();
  });

  test('a handler that streams its answer gets the context as the third argument', async () => {
    const stream = { write() {} };
    expect(await spanOf(lambda(), {}, stream, invoked)).toMatchObject({
      name: 'greeter',
      attributes: invocation,
    });
    const { rows } = record();
    const hung = deferred();
    const answer = traceTask((..._args: unknown[]) => hung.promise, lambda())({}, stream, invoked);
    vi.advanceTimersByTime(2500);
    expect(rows()).toMatchObject([{ name: 'greeter', attributes: { 'oncespan.outcome': 'timed-out' } }]);
    hung.resolve();
    await answer;
  });

  test('with no time left there is no limit, and nothing to report', async () => {
    await spanOf(lambda(), {}, { ...invoked, getRemainingTimeInMillis: () => 0 });
    expect(reported).toEqual([]);
  });

  test.for([
    [3000, 2500],
    [600, 300],
  ] as const)('of %i ms that are left, it ends after %i, with what lives below it', async ([left, limit]) => {
    const { rows } = record();
    const options = { ...lambda(), attributes: {} };
    const hung = deferred<never>();
    const handler = traceTask(
      (_event: object, _context: object) => traceTask(() => hung.promise, 'query')(),
      options,
    );
    const answer = handler({}, { ...invoked, getRemainingTimeInMillis: () => left });
    vi.advanceTimersByTime(limit - 1);
    expect(rows()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rows().map(({ name, attributes }) => [name, attributes!['oncespan.outcome']])).toEqual([
      ['query', 'timed-out'],
      ['greeter', 'timed-out'],
    ]);
    hung.resolve(undefined as never);
    await answer;
  });
});

describe("the user's own options", () => {
  const presets = { bullmq, pgBoss, sqs, lambda };

  test.for(Object.entries(presets))('override those of %s; attributes add to them', async ([, preset]) => {
    const options = preset({ name: 'send', kind: SpanKind.CLIENT, attributes: { 'order.id': 1 } });
    const { name, kind, attributes } = await spanOf(options, {});
    expect([name, kind]).toEqual(['send', SpanKind.CLIENT]);
    const alone = await spanOf(preset(), {});
    expect(attributes).toEqual({ ...alone.attributes, 'order.id': 1 });
    const computed = preset({ attributes: (given) => ({ given: typeof given, 'messaging.system': 'mine' }) });
    expect((await spanOf(computed, {})).attributes).toEqual({
      ...alone.attributes,
      given: 'object',
      'messaging.system': 'mine',
    });
  });

  test.for(Object.entries(presets))('that are undefined leave those of %s', async ([, preset]) => {
    const options = {
      attributes: undefined,
      name: undefined,
      kind: undefined,
      ignoreErrors: undefined,
      timeoutMs: undefined,
    };
    const [merged, alone] = [preset(options as TaskOptions), preset()];
    expect(Object.keys(merged)).toEqual(Object.keys(alone));
    expect(await spanOf(merged, [jobOfBoss])).toEqual(await spanOf(alone, [jobOfBoss]));
  });

  test('errors to ignore of the instance count beside those of a preset, as long as the function has none', () => {
    const { traceTask: task } = createTracing({ ignoreErrors: RangeError });
    const { rows } = record();
    const named = (name: string) => Object.assign(new Error(name), { name });
    for (const options of [bullmq(), bullmq({ ignoreErrors: TypeError })])
      for (const error of [new RangeError('r'), new TypeError('t'), named('DelayedError')])
        caught(() =>
          task(
            (_job: object) => {
              throw error;
            },
            { ...options, name: error.name },
          )({}),
        );
    expect(rows().map(({ name, attributes }) => [name, attributes!['oncespan.outcome']])).toEqual([
      ['RangeError', 'ignored'],
      ['TypeError', undefined],
      ['DelayedError', 'ignored'],
      ['RangeError', undefined],
      ['TypeError', 'ignored'],
      ['DelayedError', 'ignored'],
    ]);
  });

  test('a hook of attributes that answers none is reported, and a getter that throws costs the user their own', async () => {
    const alone = await spanOf(pgBoss(), [jobOfBoss]);
    for (const answer of [
      'abc',
      ['a'],
      {
        get a() {
          throw new Error('no');
        },
      },
    ]) {
      expect(await spanOf(pgBoss({ attributes: () => answer as never }), [jobOfBoss])).toEqual(alone);
      expect(reported.splice(0)).toHaveLength(1);
    }
  });

  test('a hook of attributes that throws, or answers nothing, costs its own alone', async () => {
    const failure = new Error('no');
    const failing = pgBoss({
      attributes: () => {
        throw failure;
      },
    });
    const alone = await spanOf(pgBoss(), [jobOfBoss]);
    expect(await spanOf(failing, [jobOfBoss])).toEqual(alone);
    expect(reported.splice(0)).toEqual([['oncespan: option "attributes" threw', failure]]);
    expect(await spanOf(pgBoss({ attributes: () => undefined }), [jobOfBoss])).toEqual(alone);
  });

  test('`cancellable` makes the wrapper declare the parameters that BullMQ looks for', () => {
    const job = async (_job: object) => {};
    expect(traceTask(job, bullmq())).toHaveLength(1);
    expect(traceTask(job, bullmq({ cancellable: false }))).toHaveLength(1);
    expect(traceTask(job, bullmq({ cancellable: true }))).toHaveLength(3);
  });

  test('that are none are a TypeError', () => {
    expect(caught(() => bullmq('mail' as never))).toEqual(
      new TypeError("bullmq(): 'mail' is not an object of options"),
    );
    expect(caught(() => lambda(null as never))).toEqual(
      new TypeError('lambda(): null is not an object of options'),
    );
    expect(caught(() => bullmq({ cancellable: 'yes' as never }))).toEqual(
      new TypeError("bullmq(): option 'cancellable' is 'yes'; give a boolean"),
    );
    const wrong = caught(() => traceTask(async () => {}, sqs({ nonsense: 1 } as never)));
    expect((wrong as Error).message).toMatch(/^traceTask\(\): there is no option 'nonsense'/);
  });
});

test('odd arguments make a span all the same, and nothing is thrown', async () => {
  const throwing = new Proxy(
    {},
    {
      get() {
        throw new Error('get');
      },
      ownKeys() {
        throw new Error('ownKeys');
      },
    },
  );
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const odd = [
    undefined,
    null,
    5,
    'text',
    Symbol('s'),
    () => 1,
    [],
    [null],
    [[]],
    {},
    throwing,
    [throwing],
    proxy,
  ];
  const around = odd.flatMap((value) => [
    value,
    { data: value, opts: value, id: value, name: value, delay: value, attributes: value },
    { Records: value, headers: value, Attributes: value, MessageAttributes: value },
    { Records: [{ eventSource: 'aws:sqs', eventSourceARN: value, messageAttributes: { a: value } }] },
  ]);
  for (const preset of [bullmq, pgBoss, sqs, lambda]) {
    for (const value of around) {
      const { name } = await spanOf({ ...preset(), flush: 'never' }, value, value);
      expect(name).toMatch(/process|lambda/);
    }
  }
  // A carrier that cannot be read may be somebody's trace.
  const reports = new Set(reported.splice(0).map(([text]) => text));
  expect(reports).toEqual(new Set(['oncespan: reading a carrier threw']));
});

test('without a propagator, what carries a trace is reported, once', async () => {
  propagation.disable();
  vi.resetModules();
  const { traceTask: fresh } = await import('../src/index.ts');
  const { bullmq: preset } = await import('../src/jobs/index.ts');
  record();
  await fresh(async (_job: object) => {}, preset())(jobOfBull);
  expect(reported.splice(0)).toEqual([
    [
      'oncespan: option "from" answered a carrier, and so needs a propagator, and none is registered; startTracing() registers one',
    ],
  ]);
  expect(trace.getActiveSpan()).toBeUndefined();
});
