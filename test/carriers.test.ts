import { type Context, context, propagation, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Carrier, carrier, type TaskOptions, traceTask, withSpan } from '../src/index.ts';
import { record, reported } from './harness.ts';

// What systems hand over as headers, and how a trace goes on across a queue.

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;
const CONTEXT = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };

beforeEach(() => void propagation.setGlobalPropagator(new W3CTraceContextPropagator()));
afterEach(() => propagation.disable());

/** As NATS has it: `get` answers text that is empty where there is none. */
class MsgHdrs {
  readonly #headers = new Map([['Traceparent', TRACEPARENT]]);
  get(name: string): string {
    return this.#headers.get(name) ?? '';
  }
  keys(): string[] {
    return [...this.#headers.keys()];
  }
}

/** As gRPC has it: values are lists. */
class Metadata {
  get(name: string): unknown[] {
    return name === 'traceparent' ? [TRACEPARENT] : [];
  }
}

const readable: [string, Carrier][] = [
  ['a plain object', { traceparent: TRACEPARENT }],
  ['names in capitals', { TraceParent: TRACEPARENT }],
  ['bytes, as kafkajs and amqplib have them', { traceparent: Buffer.from(TRACEPARENT) }],
  ['several values', { traceparent: [TRACEPARENT, 'another'] }],
  ['several values, of which the first is none', { traceparent: [undefined, TRACEPARENT] }],
  ['a buffer', { traceparent: new TextEncoder().encode(TRACEPARENT).buffer }],
  ['bytes as numbers, as Lambda has them from Kafka', { traceparent: [...Buffer.from(TRACEPARENT)] }],
  ['bytes of Amazon MQ', { traceparent: { bytes: [...Buffer.from(TRACEPARENT)] } }],
  ['attributes of SQS', { traceparent: { DataType: 'String', StringValue: TRACEPARENT } }],
  [
    'attributes of SQS, as Lambda has them',
    { traceparent: { dataType: 'String', stringValue: TRACEPARENT } },
  ],
  ['attributes of SNS', { traceparent: { Type: 'String', Value: TRACEPARENT } }],
  ['the one of two spellings that is text', { traceparent: '', Traceparent: TRACEPARENT }],
  [
    'a message with a class of its own',
    new (class {
      get traceparent() {
        return TRACEPARENT;
      }
    })() as unknown as Carrier,
  ],
  ['a span context', CONTEXT],
  ['Headers', new Headers({ traceparent: TRACEPARENT })],
  ['a Map', new Map([['traceparent', TRACEPARENT]])],
  ['a Map with capitals and bytes', new Map([['Traceparent', new TextEncoder().encode(TRACEPARENT)]])],
  ['headers of NATS', new MsgHdrs()],
  ['metadata of gRPC', new Metadata()],
  [
    'what has keys of another kind',
    {
      get: (name: string) => (name === 'traceparent' ? TRACEPARENT : null),
      keys: ['traceparent'],
    } as Carrier,
  ],
  [
    'a Map with other keys besides',
    new Map<unknown, unknown>([
      [Object.create(null), 1],
      ['traceparent', TRACEPARENT],
    ]) as Carrier,
  ],
  ['text, behind what is none', { traceparent: {}, Traceparent: TRACEPARENT }],
  ['a list that begins with an empty one', { traceparent: [[], TRACEPARENT] }],
];

test.each(readable)('a trace goes on from %s', (_what, headers) => {
  const { spans } = record();
  traceTask(() => {}, { name: 'task', from: () => headers })();
  traceTask(() => {}, { name: 'batch', links: () => [headers] })();
  const [task, batch] = spans();
  expect(task?.parentSpanContext).toMatchObject(CONTEXT);
  expect(batch?.links.map((link) => link.context)).toMatchObject([CONTEXT]);
  expect(reported).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['text', JSON.stringify({ traceparent: TRACEPARENT }), 'give a Context or headers'],
  [
    'bytes',
    Buffer.from(JSON.stringify({ traceparent: TRACEPARENT })),
    'answered an array or bytes; give a Context',
  ],
  ['pairs', [['traceparent', TRACEPARENT]], 'give a Context or headers'],
  ['a number', { traceparent: 42 }, 'answered a carrier whose traceparent cannot be read'],
  ['a switch', { traceparent: true }, 'answered a carrier whose traceparent cannot be read'],
  ['a symbol', { traceparent: Symbol('s') }, 'answered a carrier whose traceparent cannot be read'],
  [
    'an object',
    { traceparent: { toString: () => TRACEPARENT } },
    'answered a carrier whose traceparent cannot be read',
  ],
  ['a promise of text', { traceparent: Promise.resolve(TRACEPARENT) }, 'cannot be read'],
  [
    'headers that are no trace',
    { traceparent: 'nonsense' },
    'answered a carrier whose traceparent cannot be read',
  ],
  ['a promise', Promise.resolve(), 'returned a promise'],
  [
    'headers that refuse to be read',
    {
      get() {
        throw new Error('no');
      },
    },
    'reading a carrier threw',
  ],
])('%s make a root, and are reported', (_what, answer, report) => {
  const { rows } = record();
  withSpan('active', () => traceTask(() => {}, { name: 'task', from: () => answer as Carrier })());
  expect(rows().map(({ name, parent }) => [name, parent])).toEqual([
    ['task', undefined],
    ['active', undefined],
  ]);
  expect(reported[0]?.[0]).toContain(report);
});

test('a carrier that has nothing is not one that cannot be read', () => {
  const { rows } = record();
  // As plain headers, those of `fetch`, of NATS and of gRPC have it.
  const nothing: Carrier[] = [{}, new Headers(), { get: () => '' }, { get: () => [] }];
  for (const headers of nothing) traceTask(() => {}, { name: 'task', from: () => headers })();
  expect(rows()).toEqual(nothing.map(() => ({ name: 'task' })));
  expect(reported).toEqual([]);
});

test('no answer makes a root: linked to a live span, not to one that has ended', () => {
  const { rows } = record();
  const task = traceTask(() => {}, { name: 'task', from: () => undefined });
  const ended = withSpan('boot', () => {
    task();
    return context.active();
  });
  context.with(ended, task);
  task();
  expect(rows()).toEqual([
    { name: 'task', links: ['boot'] },
    { name: 'boot' },
    { name: 'task' },
    { name: 'task' },
  ]);
});

test('a task that is linked keeps its link where `from` has no answer', () => {
  const { rows } = record();
  const task = traceTask(() => {}, { name: 'task', from: () => undefined, relation: 'linked' });
  withSpan('active', task);
  expect(rows()).toEqual([{ name: 'task', links: ['active'] }, { name: 'active' }]);
});

test('links: span contexts, links and headers; what carries no trace is left out', () => {
  const { spans, rows } = record();
  const other = { ...CONTEXT, spanId: '1'.repeat(16) };
  traceTask(() => {}, {
    name: 'batch',
    links: () => [
      other,
      { context: other, attributes: { id: 7 } },
      { traceparent: TRACEPARENT },
      {},
      undefined,
    ],
  })();
  withSpan('parent', () => withSpan({ name: 'linked', relation: 'linked', links: () => [other] }, () => {}));
  const [batch, linked] = spans();
  expect(batch?.links.map(({ context: { spanId }, attributes }) => [spanId, attributes ?? {}])).toEqual([
    [other.spanId, {}],
    [other.spanId, { id: 7 }],
    [SPAN, {}],
  ]);
  expect(linked?.links.map((link) => link.context.spanId)).toEqual([
    spans()[2]?.spanContext().spanId,
    other.spanId,
  ]);
  expect([rows().length, reported]).toEqual([3, []]);
});

test('a carrier with baggage alone has no trace, and none that cannot be read', () => {
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  propagation.disable();
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
  const { rows } = record();
  traceTask(() => {}, { name: 'job', from: () => ({ baggage: 'tenant=acme' }) })();
  expect([rows(), reported]).toEqual([[{ name: 'job' }], []]);
});

test.each<[string, () => unknown, number, string | undefined]>([
  ['more than 128', () => Array.from({ length: 130 }, () => CONTEXT), 128, 'gave 2 links more than the 128'],
  ['as many as 128', () => Array.from({ length: 128 }, () => CONTEXT), 128, undefined],
  ['baggage alone', () => [{ baggage: 'tenant=acme' }], 0, undefined],
  ['spans', () => [trace.wrapSpanContext(CONTEXT)], 1, undefined],
  ['a span that is none', () => [{ spanContext: () => 'nonsense' }], 0, undefined],
  ['pairs', () => [[['traceparent', TRACEPARENT]]], 0, 'give a Context or headers'],
  ['nothing', () => undefined, 0, undefined],
  ['no array', () => CONTEXT, 0, 'give an array of links'],
  ['text', () => ['nonsense'], 0, 'give a Context or headers'],
  [
    'what throws',
    () => {
      throw new Error('no');
    },
    0,
    'option "links" threw',
  ],
  [
    'an element that refuses to be read',
    () => [
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no');
          },
        },
      ),
    ],
    0,
    'reading a link threw',
  ],
])('links that are %s', (_what, links, count, report) => {
  const { spans } = record();
  expect(traceTask(() => 7, { links: links as () => [] })()).toBe(7);
  expect(spans()[0]?.links).toHaveLength(count);
  expect(reported.map(([what]) => (what as string).includes(report!))).toEqual(
    report === undefined ? [] : [true],
  );
});

test('an array of a class of its own gives its links', () => {
  class Batch extends Array<Carrier> {
    constructor(items: readonly Carrier[]) {
      super(...items);
    }
  }
  const { spans } = record();
  traceTask(() => {}, { links: () => new Batch([{ traceparent: TRACEPARENT }, {}]) })();
  expect(spans()[0]?.links.map((link) => link.context)).toMatchObject([CONTEXT]);
});

test('a header that is a promise is none, and its rejection is handled', async () => {
  const { rows } = record();
  const get = () => Promise.reject(new Error('no'));
  traceTask(() => {}, { name: 'task', from: () => ({ get }) })();
  await new Promise(setImmediate);
  expect(rows()).toEqual([{ name: 'task' }]);
  expect(reported).toContainEqual(['oncespan: a carrier rejected', new Error('no')]);
});

test.each<[string, TaskOptions]>([
  ['a header', { from: () => ({ traceparent: Promise.reject(new Error('no')) }) }],
  ['one of several headers', { from: () => ({ traceparent: [Promise.reject(new Error('no'))] }) }],
  ['a link', { links: () => [Promise.reject(new Error('no')) as unknown as Carrier] }],
  ['the context of a link', { links: () => [{ context: Promise.reject(new Error('no')) }] }],
  [
    'an attribute of a link',
    { links: () => [{ context: CONTEXT, attributes: { a: Promise.reject(new Error('no')) as never } }] },
  ],
  ['an attribute', { attributes: () => ({ a: Promise.reject(new Error('no')) as never }) }],
  [
    'an attribute of the result',
    { resultAttributes: () => ({ a: Promise.reject(new Error('no')) as never }) },
  ],
])('%s that is a promise which rejects is reported, and nothing else', async (_what, options) => {
  record();
  expect(traceTask(() => 7, { name: 'task', ...options })()).toBe(7);
  await new Promise(setImmediate);
  expect(reported.map(([what]) => what)).toContainEqual(expect.stringMatching(/ rejected$/));
});

test('links beyond what a span can have are told of, that to the parent included', () => {
  const { spans } = record();
  const task = traceTask(() => {}, {
    name: 'batch',
    relation: 'linked',
    links: () => Array.from({ length: 128 }, () => CONTEXT),
  });
  withSpan('parent', task);
  const [batch, parent] = spans();
  expect(batch?.links).toHaveLength(128);
  expect(batch?.links[0]?.context).toEqual(parent?.spanContext());
  expect(reported).toEqual([
    ['oncespan: option "links" gave 1 links more than the 128 that a span can have'],
  ]);
});

test('what is on `Object.prototype` is no header', () => {
  const { rows } = record();
  const prototype = Object.prototype as Carrier & Record<string, unknown>;
  prototype['traceparent'] = TRACEPARENT;
  try {
    traceTask(() => {}, { name: 'task', from: () => ({}) })();
  } finally {
    delete prototype['traceparent'];
  }
  expect(rows()).toEqual([{ name: 'task' }]);
});

test.each<[string, () => unknown]>([
  [
    'throw',
    () => {
      throw new Error('no');
    },
  ],
  ['are none', () => undefined],
])('a propagator whose fields %s costs the parent, not the call', (_how, fields) => {
  propagation.disable();
  propagation.setGlobalPropagator({
    fields: fields as () => string[],
    inject() {},
    extract: (base) => base,
  });
  const { rows } = record();
  expect(traceTask(() => 7, { name: 'task', from: () => ({}) })()).toBe(7);
  expect(carrier()).toEqual({});
  expect(rows()).toEqual([{ name: 'task' }]);
  expect(reported.length).toBeGreaterThan(0);
});

test('a context manager that gives no context costs the parent, not the call', () => {
  record();
  const active = vi.spyOn(context, 'active').mockReturnValue({} as Context);
  try {
    for (const from of [() => undefined, () => ({})]) expect(traceTask(() => 7, { from })()).toBe(7);
    expect(carrier()).toEqual({});
  } finally {
    active.mockRestore();
  }
});

test('carrier() is what `from` reads', () => {
  const { rows } = record();
  expect(carrier()).toEqual({});
  const headers = { tenant: 'acme' };
  const sent = withSpan('producer', () => [carrier(), carrier(headers)]);
  expect(sent[0]).toEqual({ traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/) });
  expect([sent[1], headers]).toEqual([{ ...sent[0], tenant: 'acme' }, sent[1]]);
  traceTask((_job: object) => {}, { name: 'consumer', from: (job) => job as Carrier })(sent[0]!);
  expect(rows()).toEqual([{ name: 'producer' }, { name: 'consumer', parent: 'producer' }]);
  expect(trace.getActiveSpan()).toBeUndefined();
});
