import { type CallHandler, type ExecutionContext, Injectable } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { type Context, context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { W3CBaggagePropagator, CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { of } from 'rxjs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startSpan, withSpan } from '../../src/index.ts';
import { TracedInterceptor } from '../../src/nestjs/index.ts';
import { dropping, record, reported } from '../harness.ts';

// What the span of a message is a child of, where the transporter hands over something that is its own.

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${PARENT}-01`;
const PRODUCER = { traceId: TRACE, spanId: PARENT };

beforeEach(() => {
  vi.useRealTimers();
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
});
afterEach(() => propagation.disable());

@Injectable()
class StockController {
  @MessagePattern('count')
  count(_item: unknown) {}

  @EventPattern('sold')
  sold(_item: unknown) {}

  neither() {}
}

/** What the handler finds active. */
let seen: Context | undefined;

/** Has a message handled, as Nest does. */
function handle(args: unknown[], method: keyof StockController = 'count'): void {
  const execution = {
    getType: () => 'rpc',
    getClass: () => StockController,
    getHandler: () => StockController.prototype[method],
    getArgs: () => args,
  } as unknown as ExecutionContext;
  const work = {
    handle: () => {
      seen = context.active();
      return of(1);
    },
  } satisfies CallHandler;
  new TracedInterceptor().intercept(execution, work).subscribe();
}

/** Who the span of the handler is a child of. */
function parentOf(args: unknown[]) {
  const { spans } = record();
  handle(args);
  return spans()[0]!.parentSpanContext;
}

const headers = { traceparent };

test.each<[string, unknown[]]>([
  ['the payload itself', [{ item: 'tea', traceparent }]],
  ['headers in the payload', [{ item: 'tea', headers }]],
  ['a message with headers', ['', { getMessage: () => ({ headers }) }]],
  ['headers in capitals, as bytes', ['', { getHeaders: () => ({ Traceparent: Buffer.from(traceparent) }) }]],
  ['headers before the payload', [{ traceparent: 'nonsense' }, { getMetadata: () => headers }]],
  [
    'the payload, where the headers have none',
    [headers, { getMessage: () => ({ properties: { headers: {} } }) }],
  ],
])('a trace goes on from %s', (_what, args) => {
  expect(parentOf(args)).toMatchObject(PRODUCER);
  expect(reported).toEqual([]);
});

test.each<[string, unknown[]]>([
  ['no arguments', []],
  ['text', ['traceparent', 'traceparent']],
  ['nothing', [null, null]],
  ['a context of its own', [{}, { getMessage: 'no', getHeaders: () => undefined, getPacket: () => null }]],
  ['a list', [[traceparent], [traceparent]]],
  ['a field that is no text', [{ traceparent: 42 }]],
  ['baggage', [{ baggage: 'two pieces' }]],
  ['a field in other letters', [{ TRACEPARENT: traceparent }]],
  ['what is inherited', [Object.create(headers)]],
])('a message with %s makes a root, and nothing is reported', (_what, args) => {
  expect(parentOf(args)).toBe(undefined);
  expect(reported).toEqual([]);
});

test.each<[string, unknown[], string]>([
  ['headers that are no trace', ['', { getHeaders: () => ({ traceparent: 'nonsense' }) }], 'cannot be read'],
  ['a number for a header', ['', { getMetadata: () => ({ traceparent: 42 }) }], 'cannot be read'],
])('%s make a root, and are reported', (_what, args, report) => {
  expect(parentOf(args)).toBe(undefined);
  expect(reported.map(([said]) => said)).toEqual([expect.stringContaining(report)]);
});

test.each<[string, () => unknown, string[]]>([
  [
    'throws',
    () => {
      throw new Error('gone');
    },
    ['threw'],
  ],
  ['answers later', async () => Promise.reject(new Error('gone')), ['returned a promise', 'rejected']],
])('where a context %s, the payload is read all the same', async (_what, getMessage, reports) => {
  expect(parentOf([headers, { getMessage }])).toMatchObject(PRODUCER);
  await new Promise(setImmediate);
  expect(reported.map(([said]) => said)).toEqual(
    reports.map((what): unknown => expect.stringContaining(`getMessage() of a message ${what}`)),
  );
});

test('no getter of a payload, or of what a message has, is run', () => {
  const ran: string[] = [];
  const hostile = Object.defineProperties({} as object, {
    traceparent: { get: () => ran.push('traceparent') },
    headers: { get: () => ran.push('headers') },
    properties: { get: () => ran.push('properties') },
    metadata: { get: () => ran.push('metadata') },
  });
  expect(parentOf([hostile, { getMessage: () => hostile, getPacket: () => hostile }])).toBe(undefined);
  expect([ran, reported]).toEqual([[], []]);
});

test('without a propagator, a message that carries a trace says what is missing', async () => {
  // It is said once for a process.
  vi.resetModules();
  const { TracedInterceptor: Fresh } = await import('../../src/nestjs/index.ts');
  propagation.disable();
  const { rows } = record();
  const receive = (payload: object) =>
    new Fresh()
      .intercept(
        {
          getType: () => 'rpc',
          getClass: () => StockController,
          getHandler: () => StockController.prototype.count,
          getArgs: () => [payload],
        } as unknown as ExecutionContext,
        { handle: () => of(1) },
      )
      .subscribe();
  receive({});
  expect(reported).toEqual([]);
  receive(headers);
  expect(rows().map(({ parent }) => parent)).toEqual([undefined, undefined]);
  expect(reported.map(([said]) => said)).toEqual([expect.stringContaining('startTracing() registers one')]);
});

test('the kind: of requests, of events, and of what says neither', () => {
  const { spans } = record();
  for (const method of ['count', 'sold', 'neither'] as const) handle([], method);
  expect(spans().map(({ kind }) => SpanKind[kind])).toEqual(['SERVER', 'CONSUMER', 'SERVER']);
});

test('a live span that is active is the parent: what stands for the message already is not repeated', () => {
  const { rows } = record();
  withSpan('deliver', () => handle([headers], 'sold'));
  withSpan({ name: 'process', kind: SpanKind.CONSUMER }, () => handle([headers], 'sold'));
  withSpan({ name: 'serve', kind: SpanKind.SERVER }, () => handle([headers]));
  expect(rows().map(({ name, kind, parent }) => [name, kind, parent])).toEqual([
    ['StockController.sold', 'CONSUMER', 'deliver'],
    ['deliver', undefined, undefined],
    ['StockController.sold', undefined, 'process'],
    ['process', 'CONSUMER', undefined],
    ['StockController.count', undefined, 'serve'],
    ['serve', 'SERVER', undefined],
  ]);
});

test('a span of another process that is active is the parent', () => {
  const { spans } = record();
  const remote = { traceId: TRACE, spanId: '00f067aa0ba902b7', traceFlags: 1, isRemote: true };
  context.with(trace.setSpanContext(ROOT_CONTEXT, remote), () => handle([headers]));
  expect(spans()[0]).toMatchObject({ parentSpanContext: remote, kind: SpanKind.SERVER });
});

test('a span that has ended is not: connections keep the context in which they were opened', () => {
  const { rows, spans } = record();
  const opened = startSpan('bootstrap');
  opened.run(() => {
    opened.end();
    handle([]);
    handle([headers]);
  });
  expect(rows().map(({ name, parent }) => [name, parent])).toEqual([
    ['bootstrap', undefined],
    ['StockController.count', undefined],
    ['StockController.count', 'elsewhere'],
  ]);
  expect(spans()[2]!.parentSpanContext).toMatchObject(PRODUCER);
});

test('nor is one that is not sampled, where the message brings its own', () => {
  const { spans } = record({ sampler: dropping('bootstrap') });
  withSpan('bootstrap', () => {
    handle([]);
    handle([headers]);
  });
  expect(spans().map(({ parentSpanContext }) => parentSpanContext)).toMatchObject([PRODUCER]);
});

test('baggage comes along with a trace, or alone in headers', () => {
  record();
  const sold = () => propagation.getBaggage(seen!)?.getEntry('customer')?.value;
  for (const carried of [{ traceparent, baggage: 'customer=7' }, { baggage: 'customer=7' }]) {
    handle(['', { getHeaders: () => carried }]);
    expect(sold()).toBe('7');
  }
  handle([{ traceparent, baggage: 'customer=7' }]);
  expect(sold()).toBe('7');
});
