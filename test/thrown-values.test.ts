import { expect, test, vi } from 'vitest';
import { createTracing, liveSpans, traceTask, withSpan } from '../src/index.ts';
import { caught as thrownBy, record, reported, revoked, type SpanRow } from './harness.ts';

class Unnamed {}

const withThrowing = (...keys: string[]) => {
  const error = new Error('kept');
  for (const key of keys) {
    Object.defineProperty(error, key, {
      get() {
        throw new Error(`the getter of ${key}`);
      },
    });
  }
  return error;
};

const refusing = new Proxy(new Error('behind a proxy'), {
  get() {
    throw new Error('refused');
  },
  getPrototypeOf() {
    throw new Error('refused');
  },
});

const coded = (code: unknown) => Object.assign(new Error('coded'), { code });

/** Thrown value → exception.type, exception.message, error.type if that differs. */
const values: [string, unknown, string, string, string?][] = [
  ['an error', new RangeError('far'), 'RangeError', 'far'],
  ['an error without a message', new Error(''), 'Error', ''],
  ['a frozen error', Object.freeze(new TypeError('cold')), 'TypeError', 'cold'],
  ['an error with a string code', coded('ECONNRESET'), 'Error', 'coded', 'ECONNRESET'],
  ['an error with a numeric code', coded(42), 'Error', 'coded'],
  ['a DOMException', new DOMException('gone', 'AbortError'), 'AbortError', 'gone'],
  [
    'an error whose getters throw',
    withThrowing('name', 'message', 'stack', 'code'),
    'Error',
    'a value that cannot be read',
  ],
  ['a proxy that refuses everything', refusing, 'Error', 'a value that cannot be read'],
  ['null', null, 'null', 'null'],
  ['undefined', undefined, 'undefined', 'undefined'],
  ['a number', 42, 'number', '42'],
  ['a bigint', 42n, 'bigint', '42'],
  ['a string', 'plain', 'string', 'plain'],
  ['an empty string', '', 'string', ''],
  ['a symbol', Symbol('odd'), 'symbol', 'Symbol(odd)'],
  ['a function', function named() {}, 'function', 'function named'],
  ['an object with a message', { message: 'wrapped' }, 'Object', 'wrapped'],
  ['an object', { status: 500 }, 'Object', '[object Object]'],
  ['an object without a prototype', Object.create(null), 'Error', 'a value that cannot be read'],
  ['an instance of a class', new Unnamed(), 'Unnamed', '[object Object]'],
];

test.each(values)(
  '%s is rethrown as it was, and recorded',
  async (_what, value, type, message, errorType = type) => {
    const { rows } = record();
    const sync = traceTask(
      () => {
        throw value;
      },
      { name: 'sync' },
    );
    const promise = traceTask(() => Promise.reject(value), { name: 'promise' });
    const caught: unknown[] = [];
    try {
      sync();
    } catch (error) {
      caught.push(error);
    }
    await promise().catch((error: unknown) => caught.push(error));
    expect(caught.every((error) => Object.is(error, value))).toBe(true);
    const row = (name: string): SpanRow => ({
      name,
      status: `ERROR ${message}`.trim(),
      attributes: { error: true, 'error.type': errorType },
      exceptions: [`${type}: ${message === '' ? undefined : message}`],
    });
    expect(caught).toHaveLength(2);
    expect(rows()).toEqual([row('sync'), row('promise')]);
  },
);

test('nothing of the stack is lost', () => {
  const { spans } = record();
  const error = new Error('traced');
  expect(
    traceTask(() => {
      throw error;
    }),
  ).toThrow(error);
  expect(spans()[0]?.events[0]?.attributes?.['exception.stacktrace']).toBe(error.stack);
});

test('a span that the application has ended is left alone, and its status is never overwritten', async () => {
  const { rows } = record();
  const failure = new Error('late');
  const fail = () => {
    throw failure;
  };
  expect(() => withSpan('ended', (span) => (span.end(), fail()))).toThrow(failure);
  expect(() => withSpan('own status', (span) => (span.setStatus({ code: 1 }), fail()))).toThrow(failure);
  expect(() =>
    withSpan('own message', (span) => (span.setStatus({ code: 2, message: 'mine' }), fail())),
  ).toThrow(failure);
  const attributes = { error: true, 'error.type': 'Error' };
  const exceptions = ['Error: late'];
  expect(rows()).toEqual([
    { name: 'ended' },
    { name: 'own status', status: 'OK', attributes, exceptions },
    { name: 'own message', status: 'ERROR mine', attributes, exceptions },
  ]);
});

test('with origin-only, an error on its way up is recorded by the innermost span', async () => {
  const { rows } = record();
  const tracing = createTracing({ exceptionEvents: 'origin-only' });
  const inner = tracing.traceTask(() => Promise.reject(new Error('deep')), 'inner');
  await expect(tracing.withSpan('outer', () => inner())).rejects.toThrow('deep');
  const failed = { status: 'ERROR deep', attributes: { error: true, 'error.type': 'Error' } };
  expect(rows()).toEqual([
    { name: 'inner', parent: 'outer', ...failed, exceptions: ['Error: deep'] },
    { name: 'outer', ...failed },
  ]);
});

test('with origin-only, a function on its way up is recorded by the innermost span', () => {
  const { spans } = record();
  const { withSpan: traced } = createTracing({ exceptionEvents: 'origin-only' });
  const thrown = () => {};
  const inner = () => {
    throw thrown;
  };
  expect(thrownBy(() => traced('outer', () => traced('inner', inner)))).toBe(thrown);
  expect(spans().map(({ name, events }) => [name, events.length])).toEqual([
    ['inner', 1],
    ['outer', 0],
  ]);
});

test.each<[string, () => unknown]>([
  ['a proxy that has been revoked', revoked],
  ['a proxy that refuses everything', () => refusing],
])('%s is thrown: the span ends by that, at once', (_what, make) => {
  const { spans } = record();
  const thrown = make();
  const isSame =
    thrownBy(() =>
      withSpan('work', () => {
        throw thrown;
      }),
    ) === thrown;
  // Before what makes up for an end that was postponed.
  expect([isSame, spans().map(({ status }) => status.code)]).toEqual([true, [2]]);
  expect(liveSpans()).toEqual([]);
});

test.each<[string, unknown]>([
  ['a primitive', 'deep'],
  ['null', null],
])(
  'with origin-only, %s on its way up is recorded by each span: it cannot be told from another',
  (_what, value) => {
    const { spans } = record();
    const { withSpan: traced } = createTracing({ exceptionEvents: 'origin-only' });
    const inner = () => {
      throw value;
    };
    let caught: unknown = 'nothing';
    try {
      traced('outer', () => traced('inner', inner));
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(value);
    expect(spans().map(({ name, events }) => [name, events.length])).toEqual([
      ['inner', 1],
      ['outer', 1],
    ]);
    expect(reported).toEqual([]);
  },
);

test('the end of an aborted span is the time of the abort, also after a grace period', async () => {
  const { spans } = record();
  const clock = vi.spyOn(Date, 'now');
  const start = Date.now();
  clock.mockReturnValue(start);
  const controller = new AbortController();
  const task = traceTask(() => new Promise<never>(() => {}), {
    signal: controller.signal,
    abortGraceMs: 100,
  });
  void task();
  clock.mockReturnValue(start + 7);
  controller.abort();
  clock.mockReturnValue(start + 107);
  vi.advanceTimersByTime(100);
  clock.mockRestore();
  expect(spans().map(({ duration: [, ns] }) => Math.round(ns / 1e6))).toEqual([7]);
});

test('with origin-only, a reason that aborts tasks of several traces is recorded in each', () => {
  const { spans } = record();
  const { startSpan } = createTracing({ exceptionEvents: 'origin-only' });
  const controller = new AbortController();
  for (const name of ['a', 'b', 'c']) startSpan({ name, signal: controller.signal });
  controller.abort();
  expect(spans().map(({ name, events }) => [name, events.length])).toEqual([
    ['c', 1],
    ['b', 1],
    ['a', 1],
  ]);
});
