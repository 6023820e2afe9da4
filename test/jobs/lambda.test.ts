import { type Attributes, SpanStatusCode } from '@opentelemetry/api';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { deferred } from '../harness.ts';
import type { ReceivedSpan } from '../otlp-receiver.ts';
import { LambdaFunction } from './lambda-function.ts';
import { receivedRows } from './received-rows.ts';
import { Stock } from './stock.ts';

// examples/jobs/lambda.ts in processes that are frozen the moment they have answered, exporting over OTLP/HTTP.

// Other processes do not know of the clock of the test.
beforeEach(() => void vi.useRealTimers());

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT = 'b7ad6b7169203331';
const SENDER = '53995c3f42cd8ad8';
const known = { [CLIENT]: 'the client', [SENDER]: 'the sender' };

/** Of an HTTP API of API Gateway, by payload version 2.0. */
const requestFor = (article: string) => ({
  version: '2.0',
  rawPath: '/orders',
  headers: { traceparent: `00-${TRACE}-${CLIENT}-01`, host: 'example.com' },
  requestContext: { http: { method: 'POST', path: '/orders' } },
  body: article,
});

const recordOf = (messageId: string, article: string, others: object = {}) => ({
  messageId,
  receiptHandle: `handle-${messageId}`,
  body: article,
  attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1523232000000', ...others },
  messageAttributes: {},
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:orders',
  awsRegion: 'eu-central-1',
});

const invocation = (name: string, trigger: string, others: Attributes = {}): Attributes => ({
  'faas.trigger': trigger,
  'faas.invocation_id': 'request-1',
  'aws.lambda.invoked_arn': `arn:aws:lambda:eu-central-1:123456789012:function:${name}`,
  'cloud.account.id': '123456789012',
  'faas.coldstart': true,
  ...others,
});
const ofRequest = (others?: Attributes) => invocation('answerRequest', 'http', others);
const processing = (others: Attributes): Attributes => ({
  'messaging.system': 'aws_sqs',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  'messaging.destination.name': 'orders',
  ...others,
});
const processingOne = (id: string, others?: Attributes) =>
  processing({ 'messaging.message.id': id, 'messaging.aws_sqs.attempt': 1, ...others });

const outOfStock = { error: true, 'error.type': 'RangeError' };
const reserved = { name: 'reserve', parent: 'answerRequest' };
const notReserved = { name: 'reserve', status: 'ERROR hat: out of stock', attributes: outOfStock };
const answered = { name: 'answerRequest', kind: 'SERVER', parent: 'the client', attributes: ofRequest() };
const created = { result: { statusCode: 201 } };

async function start(name: string) {
  const stock = await Stock.open();
  return { stock, run: await LambdaFunction.start(name, { STOCK: stock.url }) };
}

test('when the answer comes, the spans of a request have arrived, in its trace; those of the next one, too', async () => {
  const { run, stock } = await start('answerRequest');
  const { spans, ...answer } = await run.invoke(requestFor('coat'));
  expect(answer).toEqual(created);
  expect(receivedRows(spans, known)).toEqual([reserved, answered]);
  expect(stock.askedBy).toEqual([`00-${TRACE}-${spans[0]!.spanId}-01`]);

  const warm = await run.invoke(requestFor('coat'));
  expect(receivedRows(warm.spans, known)).toEqual([
    reserved,
    { ...answered, attributes: ofRequest({ 'faas.invocation_id': 'request-2', 'faas.coldstart': false }) },
  ]);
  expect(run.spans).toHaveLength(4);
  expect(new Set(run.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
});

test('a connection that the collector closes while the process is frozen costs no span', async () => {
  const { run } = await start('answerRequest');
  await run.invoke(requestFor('coat'));
  run.closeConnections();
  const { spans } = await run.invoke(requestFor('coat'));
  expect(spans.map(({ name }) => name)).toEqual(['reserve', 'answerRequest']);
  expect(run.spans).toHaveLength(4);
});

test('a handler that fails', async () => {
  const { run } = await start('answerRequest');
  const { spans, ...answer } = await run.invoke(requestFor('hat'));
  expect(answer).toEqual({ error: 'RangeError: hat: out of stock' });
  expect(receivedRows(spans, known)).toEqual([
    { ...reserved, ...notReserved },
    { ...answered, status: 'ERROR hat: out of stock', attributes: ofRequest(outOfStock) },
  ]);
});

describe('a handler that hangs', () => {
  const timedOut = {
    status: expect.stringMatching(/^ERROR the work had not settled after \d+(\.\d+)? ms$/),
    attributes: { error: true, 'error.type': 'TimeoutError', 'oncespan.outcome': 'timed-out' },
  };
  const rows = [
    { ...reserved, ...timedOut },
    { ...answered, ...timedOut, attributes: ofRequest(timedOut.attributes) },
  ];

  test('has its span before Lambda kills it, and what lives below it before that', async () => {
    const { run, stock } = await start('answerRequest');
    stock.hold = () => {};
    const { spans } = await run.invokeHung(requestFor('coat'), 400);
    expect(receivedRows(spans, known)).toEqual(rows);
    await run.kill();
    expect(run.spans).toHaveLength(2);
  });

  test('and answers after all has no other span, nor has the next invocation', async () => {
    const { run, stock } = await start('answerRequest');
    const held = deferred<() => void>();
    stock.hold = held.resolve;
    const { spans, answer } = await run.invokeHung(requestFor('coat'), 400);
    expect(receivedRows(spans, known)).toEqual(rows);
    (await held.promise)();
    expect(await answer).toEqual(created);
    stock.hold = undefined;
    const next = await run.invoke(requestFor('coat'));
    expect(next.spans.map(({ name, statusCode }) => [name, statusCode])).toEqual([
      ['reserve', SpanStatusCode.UNSET],
      ['answerRequest', SpanStatusCode.UNSET],
    ]);
    expect(run.spans).toHaveLength(4);
  });
});

test('messages of SQS: a span for the batch, linked to who has sent them, and one for each; those that failed come again', async () => {
  const { run } = await start('takeMessages');
  const AWSTraceHeader = `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)};Parent=${SENDER};Sampled=1`;
  const records = [recordOf('m-1', 'coat', { AWSTraceHeader }), recordOf('m-2', 'hat')];
  const { spans, ...answer } = await run.invoke({ Records: records });
  expect(answer).toEqual({ result: { batchItemFailures: [{ itemIdentifier: 'm-2' }] } });

  const one = { name: 'process orders', kind: 'CONSUMER', parent: 'orders process' };
  const below = { parent: 'process orders' };
  // Each message with what lies below it: they are processed at once, and either may be the first to end.
  const messageOf = ({ attributes, parentSpanId }: ReceivedSpan): unknown =>
    attributes['messaging.message.id'] ??
    spans.find(({ spanId }) => spanId === parentSpanId)?.attributes['messaging.message.id'];
  const ofMessage = (id: string) =>
    receivedRows(spans, known).filter((_row, i) => messageOf(spans[i]!) === id);
  expect(ofMessage('m-1')).toEqual([
    { name: 'reserve', ...below },
    { ...one, attributes: processingOne('m-1'), links: ['the sender'] },
  ]);
  expect(ofMessage('m-2')).toEqual([
    { ...notReserved, ...below },
    { ...one, status: 'ERROR hat: out of stock', attributes: processingOne('m-2', outOfStock) },
  ]);
  expect(receivedRows(spans, known).slice(4)).toEqual([
    {
      name: 'orders process',
      kind: 'CONSUMER',
      attributes: {
        ...processing({ 'messaging.batch.message_count': 2 }),
        ...invocation('takeMessages', 'pubsub'),
      },
      links: ['the sender'],
    },
  ]);
  expect(spans[4]!.links).toEqual([{ traceId: TRACE, spanId: SENDER }]);
  expect(run.spans).toHaveLength(5);
});
