import { describe, expect, test } from 'vitest';
import { createTracing, type TracingOptions, withSpan } from '../src/index.ts';
import { caught, record, reported, turn } from './harness.ts';

// What is written of an error: how much, with what caused it, and what a redaction leaves.

const job = (error: unknown) => () => {
  throw error;
};

/** The status and the event of the one span of a work that throws `error`. */
function written(error: unknown, options: TracingOptions = {}) {
  const { spans } = record();
  try {
    createTracing(options).withSpan('work', job(error));
  } catch {}
  const [{ status, attributes, events }] = spans() as [ReturnType<typeof spans>[0]];
  return { status, attributes, event: events[0]?.attributes };
}

test('a message of five megabytes is not fifteen of telemetry', () => {
  const { status, attributes, event } = written(
    Object.assign(new Error('x'.repeat(5e6)), { code: 'y'.repeat(5e6), name: 'z'.repeat(5e6) }),
  );
  expect([status.message!.length, event!['exception.message']!.toString().length]).toEqual([4096, 4096]);
  expect(event!['exception.stacktrace']!.toString().length).toBe(16_384);
  expect(attributes['error.type']!.toString().length).toBe(4096);
  expect(status.message!.endsWith('x…')).toBe(true);
});

describe('the causes', () => {
  const stackOf = (error: unknown) => String(written(error).event!['exception.stacktrace']);

  test('stand below the stack, whose lines stay as they are, five deep', () => {
    let error = new Error('level 0');
    for (let level = 1; level < 9; level++) error = new RangeError(`level ${level}`, { cause: error });
    const stack = stackOf(error);
    expect(stack.startsWith(error.stack!)).toBe(true);
    expect(stack.match(/^(caused by )?\w*Error: level \d/gm)).toEqual([
      'RangeError: level 8',
      'caused by RangeError: level 7',
      'caused by RangeError: level 6',
      'caused by RangeError: level 5',
      'caused by RangeError: level 4',
      'caused by RangeError: level 3',
    ]);
  });

  test('of an AggregateError, and values that are no errors', () => {
    const error = new AggregateError([new Error('first'), 'second', null], 'both', { cause: 404 });
    expect(stackOf(error).match(/^caused by .*/gm)).toEqual([
      'caused by number: 404',
      'caused by Error: first',
      'caused by string: second',
      'caused by null: null',
    ]);
  });

  test('in a circle, behind getters that throw, and a million of them', () => {
    const circle = new Error('circle');
    circle.cause = circle;
    expect(stackOf(circle).split('caused by')).toHaveLength(6);
    const hostile = Object.defineProperty(new Error('hostile'), 'cause', {
      get() {
        throw new Error('no');
      },
    });
    expect(stackOf(hostile)).toBe(hostile.stack);
    const many = new AggregateError(new Array(1e6).fill(new Error('one of many')), 'many');
    expect(stackOf(many).length).toBe(16_384);
  });

  test('of an error without a stack', () => {
    const error = Object.assign(new Error('bare', { cause: 'why' }), { stack: undefined });
    expect(stackOf(error)).toBe('Error: bare\ncaused by string: why');
  });
});

describe('redact', () => {
  const secret = Object.assign(new TypeError('card 4111'), { code: 'E_CARD' });

  test('sees everything before it is written, and its answer is what is', () => {
    const seen: unknown[] = [];
    const { status, attributes, event } = written(secret, {
      redact: (exception) => {
        seen.push(exception);
        return { ...exception, message: 'card …', stack: 'nowhere' };
      },
    });
    expect(seen).toEqual([{ name: 'TypeError', message: 'card 4111', stack: secret.stack, type: 'E_CARD' }]);
    expect(status.message).toBe('card …');
    expect(attributes['error.type']).toBe('E_CARD');
    expect(event).toEqual({
      'exception.type': 'TypeError',
      'exception.message': 'card …',
      'exception.stacktrace': 'nowhere',
    });
  });

  test.each<[string, TracingOptions['redact'], ...unknown[]]>([
    ['with no answer', () => undefined],
    ['that throws', () => job(new Error('no'))(), 'oncespan: option "redact" threw', new Error('no')],
    [
      'that answers a promise',
      (async () => ({})) as never,
      'oncespan: option "redact" returned a promise, which it must not',
    ],
  ])('%s leaves the type alone', async (_how, redact, ...said) => {
    const { status, attributes, event } = written(secret, { redact: redact! });
    await turn();
    expect(status).toEqual({ code: 2 });
    expect(attributes).toEqual({ error: true, 'error.type': 'E_CARD' });
    expect(event).toEqual({ 'exception.type': 'E_CARD' });
    expect(reported).toEqual(said.length === 0 ? [] : [said]);
    reported.length = 0;
  });

  const unreadable = {
    get message() {
      return job(new Error('no'))();
    },
  };
  const answers: [string, unknown, string?][] = [
    ['null', null],
    ['a number', 7],
    ['fields that are null', { name: null, message: null, stack: null, type: null }],
    ['fields that are numbers', { name: 5, message: 5, stack: 5, type: 5 }],
    ['a field that is a symbol', { message: Symbol('s') }],
    ['a field that is empty', { name: '', type: '' }],
    ['a field that throws', unreadable, 'threw'],
    ['a proxy that refuses every look', new Proxy({}, { get: job(new Error('no')) }), 'threw'],
    ['a field that is a promise', () => ({ message: Promise.reject(new Error('no')) }), 'returned a promise'],
  ];
  test.each(answers)(
    'that answers %s leaves the type alone, and the error is the caller’s',
    async (_what, answer, said) => {
      const { spans } = record();
      const redact = () => (typeof answer === 'function' ? answer() : answer) as never;
      const { withSpan: traced, liveSpans } = createTracing({ redact });
      expect(caught(() => traced('work', job(secret)))).toBe(secret);
      await turn();
      const [{ status, attributes, events }] = spans() as [ReturnType<typeof spans>[0]];
      expect([status, attributes]).toEqual([{ code: 2 }, { error: true, 'error.type': 'E_CARD' }]);
      expect(events.map((event) => event.attributes)).toEqual([{ 'exception.type': 'E_CARD' }]);
      expect(liveSpans()).toEqual([]);
      expect(reported.length > 0).toBe(said !== undefined);
      expect(reported.every(([text]) => String(text).includes('"redact"'))).toBe(true);
      if (said !== undefined) expect(reported[0]![0]).toContain(said);
      reported.length = 0;
    },
  );

  test('sees the reason of an abort', () => {
    const { rows } = record();
    createTracing({ redact: ({ type }) => ({ name: type, type, message: 'redacted' }) }).withSpan(
      { name: 'work', signal: AbortSignal.abort(secret) },
      () => {},
    );
    expect(rows()).toMatchObject([{ status: 'ERROR redacted', exceptions: ['TypeError: redacted'] }]);
  });

  test('has no more room than an error', () => {
    const { status } = written(secret, {
      redact: ({ type }) => ({ name: type, type, message: 'x'.repeat(5000) }),
    });
    expect(status.message?.length).toBe(4096);
  });
});

test.each<[string, unknown, string]>([
  ['a string', 'enough', 'AbortError: enough'],
  ['a number', 7, 'AbortError: 7'],
  ['null', null, 'AbortError: null'],
  ['a symbol', Symbol('s'), 'AbortError: Symbol(s)'],
  ['a function', function why() {}, 'AbortError: function why'],
  [
    'a function without a text',
    Object.assign(function why() {}, { toString: () => ({}) }),
    'AbortError: function why',
  ],
  ['an error with a code', Object.assign(new RangeError('gone'), { code: 'E' }), 'RangeError: gone'],
])('the reason of an abort is %s', (_what, reason, exception) => {
  const { rows } = record();
  withSpan({ name: 'work', signal: AbortSignal.abort(reason) }, () => {});
  const [type, message] = exception.split(': ');
  expect(rows()).toEqual([
    {
      name: 'work',
      status: `ERROR ${message}`,
      attributes: { error: true, 'oncespan.outcome': 'aborted', 'error.type': type },
      exceptions: [exception],
    },
  ]);
});

test('a reason that cannot be read aborts all the same, and whoever else waits for the signal', () => {
  const { rows } = record();
  const reason = Object.assign(() => {}, { toString: job(new Error('no')) });
  const controller = new AbortController();
  const { startSpan } = createTracing();
  for (const name of ['a', 'b']) startSpan({ name, signal: controller.signal });
  controller.abort(reason);
  expect(rows().map(({ name, attributes }) => [name, attributes?.['oncespan.outcome']])).toEqual([
    ['b', 'aborted'],
    ['a', 'aborted'],
  ]);
});

test('a text is not cut through the middle of a character', () => {
  // The emoji's two halves stand on both sides of where a message is cut.
  const { status } = written(new Error(`${'x'.repeat(4094)}😀${'y'.repeat(10)}`));
  expect(status.message).toBe(`${'x'.repeat(4094)}…`);
});

test('of a million errors that an error is made of, a thousand are looked at', () => {
  let looks = 0;
  const counting = new Proxy(new Array(1e6), {
    get: (target, key) => (looks++, Reflect.get(target, key) as unknown),
    has: (target, key) => (looks++, Reflect.has(target, key)),
  });
  const { event } = written(Object.assign(new Error('many'), { errors: counting, stack: 'stack' }));
  expect(event!['exception.stacktrace']).toBe('stack');
  expect(looks).toBeLessThan(3000);
});

test("exceptionEvents: 'none' reads no stack: an engine formats it then", () => {
  let reads = 0;
  const unread = (error: Error) =>
    Object.defineProperty(error, 'stack', { get: () => (reads++, 'stack'), configurable: true });
  const error = unread(new Error('outer', { cause: unread(new Error('inner')) }));
  const { status } = written(error, { exceptionEvents: 'none' });
  createTracing({ exceptionEvents: 'none' }).withSpan(
    { name: 'work', signal: AbortSignal.abort(error) },
    () => {},
  );
  expect([status.message, reads]).toEqual(['outer', 0]);
});

test("exceptionEvents: 'none' leaves the status and the attributes", () => {
  const { status, attributes, event } = written(new TypeError('no'), { exceptionEvents: 'none' });
  expect([status, attributes, event]).toEqual([
    { code: 2, message: 'no' },
    { error: true, 'error.type': 'TypeError' },
    undefined,
  ]);
});

test('no result attributes are written on a span that has ended', async () => {
  const { rows } = record();
  let asked = 0;
  const resultAttributes = () => ({ asked: ++asked });
  withSpan({ name: 'work', resultAttributes }, (span) => span.end());
  expect(asked).toBe(0);
  expect(rows()).toEqual([{ name: 'work' }]);
});
