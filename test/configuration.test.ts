import { SpanKind } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { configure, createTracing, liveSpans, startSpan, traceTask, withSpan } from '../src/index.ts';
import { deferred, record, reported } from './harness.ts';

const job = () => 7;
const failure = new Error('failed');
const fail = () => {
  throw failure;
};

describe('a wrong option is a TypeError at definition time', () => {
  const cases: [string, unknown, string][] = [
    ['timeoutMs', -1, '-1; give a number of milliseconds, 0 or more, or a function'],
    ['abortGraceMs', NaN, 'NaN; give a number of milliseconds, 0 or more'],
    ['flushTimeoutMs', '5', "'5'; give a number of milliseconds, 0 or more, or a function"],
    ['name', '', "''; give a non-empty string, or a function"],
    ['name', 5, '5; give a non-empty string, or a function'],
    ['kind', 9, '9; give a SpanKind, or a function'],
    ['attributes', ['a'], 'an object; give an object of attributes, or a function'],
    ['resultAttributes', {}, 'an object; give a function'],
    ['relation', 'orphan', "'orphan'; give one of 'child', 'root', 'linked'"],
    ['signal', true, 'true; give an AbortSignal, a function or false'],
    ['signal', new AbortController(), 'an object; give an AbortSignal, a function or false'],
    ['ignoreErrors', '', "''; give an error class, the name of one, a predicate or an array of them"],
    ['links', [], 'an object; give a function'],
    [
      'ignoreErrors',
      [Error, null],
      'an object; give an error class, the name of one, a predicate or an array of them',
    ],
    ['cancellation', 'ok', "'ok'; give one of 'error', 'unset'"],
    ['covers', null, "null; give one of 'work', 'call', or a function"],
    ['enabled', 'yes', "'yes'; give a boolean, or a function"],
    ['from', 'here', "'here'; give one of 'call', 'wrap', or a function"],
    ['flush', 'sometimes', "'sometimes'; give one of 'auto', 'background', 'await', 'never'"],
    ['waitUntil', Promise.resolve(), 'an object; give a function'],
  ];
  test.each(cases)('%s: %s', (option, value, complaint) => {
    expect(() => traceTask(job, { [option]: value })).toThrow(
      new TypeError(`traceTask(): option '${option}' is ${complaint}`),
    );
  });

  const instanceCases: [string, unknown, string][] = [
    ['tracerName', '', "''; give a non-empty string"],
    ['attributes', () => ({}), 'a function; give an object of attributes'],
    ['attributeNames', { outcome: 5 }, 'an object; give { error?, outcome? } with names or null'],
    ['attributeNames', { status: 'x' }, 'an object; give { error?, outcome? } with names or null'],
    ['exceptionEvents', 'logs', "'logs'; give one of 'every-span', 'origin-only', 'none'"],
  ];
  test.each(instanceCases)('%s: %s', (option, value, complaint) => {
    const message = (where: string) => new TypeError(`${where}: option '${option}' is ${complaint}`);
    expect(() => configure({ [option]: value })).toThrow(message('configure()'));
    expect(() => createTracing({ [option]: value })).toThrow(message('createTracing()'));
  });

  test('something that is not a function, not options, or an option that does not exist', () => {
    expect(() => traceTask('job' as never)).toThrow(
      new TypeError("traceTask(): 'job' is not a function; give the job itself"),
    );
    expect(() => traceTask(job, 5 as never)).toThrow(
      new TypeError('traceTask(): 5 is not a name or an object of options'),
    );
    expect(() => configure('x' as never)).toThrow(
      new TypeError("configure(): 'x' is not an object of options"),
    );
    expect(() => configure({ timeout: 1, enabled: false } as never)).toThrow(/there is no option 'timeout'/);
    expect(() => traceTask(job, JSON.parse('{"__proto__":1}') as never)).toThrow(
      /there is no option '__proto__'/,
    );
  });

  test('and changes nothing', () => {
    const { rows } = record();
    const tracing = createTracing();
    expect(() => tracing.configure({ enabled: false, flush: 'x' as never })).toThrow(TypeError);
    tracing.withSpan('still on', job);
    expect(rows()).toEqual([{ name: 'still on' }]);
  });
});

test('at call time a wrong option is reported and ignored', () => {
  const { rows } = record();
  expect(withSpan({ name: 'work', timeoutMs: -1, nonsense: 1 } as never, job)).toBe(7);
  startSpan(undefined as never).end();
  startSpan(42 as never).end();
  const hostile = {
    get name(): string {
      throw failure;
    },
  };
  expect(withSpan(hostile, job)).toBe(7);
  expect(rows()).toEqual([{ name: 'work' }, { name: 'span' }, { name: 'span' }, { name: 'span' }]);
  expect(reported).toEqual([
    [
      "oncespan: withSpan(): option 'timeoutMs' is -1; give a number of milliseconds, 0 or more, or a function; ignored",
    ],
    [expect.stringContaining("oncespan: withSpan(): there is no option 'nonsense'; the options are ")],
    ['oncespan: startSpan(): 42 is not a name or an object of options; ignored'],
    ["oncespan: withSpan(): option 'name' cannot be read; give a non-empty string, or a function; ignored"],
  ]);
});

test('what the options say is on the span, from its start', () => {
  const { rows } = record();
  const { traceTask: task } = createTracing({ attributes: { team: 'billing', region: 'eu' } });
  const charge = task((cents: number) => ({ id: `c${cents}` }), {
    name: (cents) => `charge ${cents}`,
    kind: SpanKind.CLIENT,
    attributes: (cents) => ({ region: 'us', cents }),
    resultAttributes: ({ id }) => ({ 'charge.id': id }),
  });
  charge(5);
  expect(rows()).toEqual([
    {
      name: 'charge 5',
      kind: 'CLIENT',
      attributes: { team: 'billing', region: 'us', cents: 5, 'charge.id': 'c5' },
    },
  ]);
});

test('result attributes of a promise are those of its value; a failure or a late result has none', async () => {
  const { rows } = record();
  const seen: unknown[] = [];
  const resultAttributes = (value: unknown) => (seen.push(value), { value: String(value) });
  await traceTask(() => Promise.resolve(7), { name: 'resolves', resultAttributes })();
  await traceTask(() => Promise.reject(failure), { name: 'rejects', resultAttributes })().catch(job);
  await traceTask(() => Promise.resolve(8), {
    name: 'late',
    resultAttributes,
    signal: AbortSignal.abort('no'),
  })();
  expect(seen).toEqual([7]);
  expect(rows().map(({ name, attributes }) => [name, attributes?.['value']])).toEqual([
    ['resolves', '7'],
    ['rejects', undefined],
    ['late', undefined],
  ]);
});

test('attributes are renamed or left out', () => {
  const { rows } = record();
  const { withSpan: span, configure: change } = createTracing({
    attributeNames: { error: 'failed', outcome: 'ending' },
  });
  const aborted = { name: 'aborted', signal: AbortSignal.abort('enough') };
  span(aborted, job);
  change({ attributeNames: { error: null } });
  span(aborted, job);
  change({ attributeNames: { outcome: null } });
  span(aborted, job);
  const ending = { name: 'aborted', status: 'ERROR enough', exceptions: ['AbortError: enough'] };
  expect(rows()).toEqual([
    { ...ending, attributes: { failed: true, ending: 'aborted', 'error.type': 'AbortError' } },
    { ...ending, attributes: { ending: 'aborted', 'error.type': 'AbortError' } },
    { ...ending, attributes: { 'error.type': 'AbortError' } },
  ]);
});

test('defaults are an instance’s, options a function’s, and the options win', () => {
  const { rows } = record();
  const { traceTask: task } = createTracing({ ignoreErrors: Error, cancellation: 'unset' });
  expect(() => task(fail, 'default')()).toThrow(failure);
  expect(() => task(fail, { name: 'own', ignoreErrors: TypeError })()).toThrow(failure);
  task(job, {
    name: 'aborted',
    signal: AbortSignal.abort(new Error('x')),
    ignoreErrors: [],
    cancellation: 'error',
  })();
  expect(rows().map(({ name, status }) => [name, status])).toEqual([
    ['default', undefined],
    ['own', 'ERROR failed'],
    ['aborted', 'ERROR x'],
  ]);
});

test('an error can be ignored by its name, whatever class it is of', async () => {
  const { rows } = record();
  class DelayedError extends Error {
    override name = 'DelayedError';
  }
  const work = (thrown: unknown) => Promise.reject(thrown);
  const task = traceTask(work, { ignoreErrors: ['DelayedError', RangeError] });
  const thrown = [new DelayedError('later'), new RangeError('far'), failure, null, 'DelayedError'];
  const settled = await Promise.allSettled(thrown.map((each) => task(each)));
  expect(settled).toEqual(thrown.map((reason) => ({ status: 'rejected', reason })));
  const kinds = rows().map(
    ({ attributes = {} }) => attributes['oncespan.outcome'] ?? attributes['error.type'],
  );
  expect(kinds).toEqual(['ignored', 'ignored', 'Error', 'null', 'string']);
});

test('configure applies from the next call on; what is live ends as it would have', async () => {
  const { rows } = record();
  const { configure: change, traceTask: task, liveSpans: live } = createTracing();
  const gate = deferred();
  const wait = task(() => gate.promise, 'wait');
  const first = wait();
  change({ enabled: false });
  const second = wait();
  change({ enabled: () => true, attributes: { late: true } });
  const third = wait();
  expect(live()).toHaveLength(2);
  gate.resolve();
  await Promise.all([first, second, third]);
  expect(rows()).toEqual([{ name: 'wait' }, { name: 'wait', attributes: { late: true } }]);
});

test('enabled switches one function off, too, by value or by question', () => {
  const { rows } = record();
  let isOn = true;
  const asked = traceTask(job, { name: 'asked', enabled: () => isOn });
  const off = traceTask(job, { name: 'off', enabled: false });
  asked();
  isOn = false;
  asked();
  off();
  expect(rows()).toEqual([{ name: 'asked' }]);
});

test('live spans are told oldest first, and are an instance’s own', () => {
  const { spans } = record();
  const other = createTracing();
  const spansInHand = ['a', 'b', 'c'].map((name) => startSpan(name));
  const elsewhere = other.startSpan('elsewhere');
  spansInHand[1]?.end();
  const told = liveSpans();
  expect(told.map(({ name }) => name)).toEqual(['a', 'c']);
  const { traceId, spanId } = spansInHand[0]!.span.spanContext();
  expect(told[0]).toMatchObject({ name: 'a', traceId, spanId });
  expect(told[0]!.ageMs).toBeGreaterThanOrEqual(0);
  expect(told[0]!.startTime).toBeLessThanOrEqual(Date.now() + 1);
  expect(other.liveSpans().map(({ name }) => name)).toEqual(['elsewhere']);
  for (const live of [...spansInHand, elsewhere]) live.end();
  expect(spans()).toHaveLength(4);
});

test('a span in hand: run activates, the first of end and fail ends', async () => {
  const { rows } = record();
  const manual = startSpan({ name: 'import', attributes: { rows: 2 } });
  expect(manual.run(() => withSpan('row', job))).toBe(7);
  expect(() => manual.run(fail)).toThrow(failure);
  await expect(manual.run(() => Promise.reject(failure))).rejects.toBe(failure);
  manual.fail(failure);
  manual.end();
  manual.fail(new Error('later'));
  const timed = startSpan('ended');
  timed.end();
  timed.fail(failure);
  expect(rows()).toEqual([
    { name: 'row', parent: 'import' },
    {
      name: 'import',
      status: 'ERROR failed',
      attributes: { rows: 2, error: true, 'error.type': 'Error' },
      exceptions: ['Error: failed'],
    },
    { name: 'ended' },
  ]);
});

test('a promise keeps its own properties, and what it resolves to is a value', async () => {
  record();
  const child = { pid: 7 };
  const tagged = Object.assign(Promise.resolve(child), { cancel: () => 'cancelled', pid: 7 });
  const result = traceTask(() => tagged)();
  expect([result.cancel(), result.pid, await result]).toEqual(['cancelled', 7, child]);
});
