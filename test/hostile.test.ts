import { PassThrough } from 'node:stream';
import {
  type Context,
  context as contextApi,
  diag,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createTracing,
  liveSpans,
  type SpanOptions,
  startSpan,
  Traced,
  traceTask,
  withSpan,
} from '../src/index.ts';
import { observeAbort } from '../src/platform/abort-signal.ts';
import { hasContextManager } from '../src/platform/context.ts';
import { reportLoudly } from '../src/platform/report.ts';
import { MemoryExporter, record, reported, turn } from './harness.ts';
import { SimpleSpanProcessor, TracerProvider as SdkTracerProvider } from '@opentelemetry/sdk-trace';

// Whatever somebody else's code does, the wrapped function runs once and what it gives comes out.

const failure = new Error('from the application');
const sabotage = () => {
  throw new Error('from the telemetry');
};
const rejection = () => Promise.reject(new Error('from the telemetry, later')) as never;
const nonsense: [string, () => never][] = [
  ['throws', sabotage as () => never],
  ['rejects', rejection],
  ['returns nonsense', () => 'nonsense' as never],
  ['returns null', () => null as never],
  [
    'returns a thenable that throws',
    () =>
      ({
        get then() {
          throw new Error('from then');
        },
      }) as never,
  ],
];

/** Calls a returning, a throwing, a resolving and a rejecting function, and expects each to be as it was. */
async function expectUntouched(options: SpanOptions<[AbortSignal], unknown>): Promise<void> {
  const { signal } = new AbortController();
  const value = { answer: 42 };
  const fns = {
    returns: vi.fn((_signal: AbortSignal): unknown => value),
    throws: vi.fn((_signal: AbortSignal): unknown => {
      throw failure;
    }),
    resolves: vi.fn((_signal: AbortSignal): unknown => Promise.resolve(value)),
    rejects: vi.fn((_signal: AbortSignal): unknown => Promise.reject(failure)),
  };
  expect(traceTask(fns.returns, options)(signal)).toBe(value);
  expect(() => traceTask(fns.throws, options)(signal)).toThrow(failure);
  expect(await traceTask(fns.resolves, options)(signal)).toBe(value);
  await expect(traceTask(fns.rejects, options)(signal)).rejects.toBe(failure);
  for (const fn of Object.values(fns)) expect(fn.mock.calls).toEqual([[signal]]);
}

/** Each text once. */
const whatWasSaid = () => Array.from(new Set(reported.map(([text]) => text)));

/** What is reported of a call of theirs that is one of {@link nonsense}: at once, and later. */
const said = (call: string, how: string): string[] => {
  if (how === 'rejects') return [`oncespan: ${call} returned a promise, which it must not`];
  return how.includes('throws') ? [`oncespan: ${call} threw`] : [];
};
const later = (call: string, how: string) => (how === 'rejects' ? [`oncespan: ${call} rejected`] : []);

type Hook =
  'name' | 'attributes' | 'resultAttributes' | 'signal' | 'enabled' | 'ignoreErrors' | 'from' | 'waitUntil';
const hooks: Hook[] = [
  'name',
  'attributes',
  'resultAttributes',
  'signal',
  'enabled',
  'ignoreErrors',
  'from',
  'waitUntil',
];

describe.each(hooks)('a hook %s', (hook) => {
  test.each(nonsense)('that %s', async (_how, call) => {
    const { spans } = record();
    await expectUntouched({ [hook]: call });
    expect(spans()).toHaveLength(4);
  });
});

describe('a hook that fails is reported', () => {
  test.each(hooks)('%s', async (hook) => {
    record();
    // What hooks are asked of: of the result, if there is one, and of errors.
    const work = hook === 'resultAttributes' ? async () => 7 : () => Promise.reject(failure);
    await traceTask(work, { name: 'task', [hook]: sabotage })().catch(() => {});
    const also = hook === 'name' ? [['oncespan: option "name" of task gave no name']] : [];
    expect(reported).toEqual([[`oncespan: option "${hook}" threw`, expect.any(Error)], ...also]);
  });
});

const spanMethods = [
  'end',
  'isRecording',
  'setStatus',
  'setAttributes',
  'recordException',
  'spanContext',
] as const;

describe.each(spanMethods)('a span whose %s()', (method) => {
  test.each(nonsense)('%s', async (how, call) => {
    const { provider } = record();
    const real = provider.getTracer('real');
    const ended = vi.fn();
    register({
      startSpan(...args: Parameters<Tracer['startSpan']>) {
        const span = real.startSpan(...args);
        return new Proxy(span, {
          get(target, key) {
            if (key !== 'end') return key === method ? call : bound(target, key);
            return (time?: number) => {
              ended();
              target.end(time);
              return method === 'end' ? call() : undefined;
            };
          },
        });
      },
    } as Tracer);
    await expectUntouched({});
    await expectUntouched({
      relation: 'linked',
      attributes: { a: 1 },
      timeoutMs: 1000,
      flush: 'await',
    } as SpanOptions<[AbortSignal]>);
    expect(ended).toHaveBeenCalledTimes(8);
    expect(liveSpans()).toEqual([]);
    // Nobody has asked for that one.
    const what = `span.${method}()`;
    expect(whatWasSaid()).toEqual(method === 'spanContext' ? [] : [...said(what, how), ...later(what, how)]);
  });
});

test('a span whose every method throws', async () => {
  const span = new Proxy({} as Span, { get: () => sabotage });
  register({ startSpan: () => span } as unknown as Tracer);
  await expectUntouched({ timeoutMs: 5, attributes: { a: 1 } });
  expect(withSpan('w', () => 7)).toBe(7);
  const manual = startSpan('m');
  expect(liveSpans()).toEqual([
    { name: 'm', traceId: '', spanId: '', startTime: expect.any(Number), ageMs: expect.any(Number) },
  ]);
  manual.end();
});

describe('a tracer whose startSpan()', () => {
  test.each(nonsense)('%s', async (how, call) => {
    register({ startSpan: call } as unknown as Tracer);
    await expectUntouched({});
    expect(withSpan('w', () => 7)).toBe(7);
    const manual = startSpan('m');
    expect(liveSpans()).toEqual([]);
    manual.end();
    const what = 'tracer.startSpan()';
    const noSpan = how === 'throws' ? [] : [`oncespan: ${what} gave no span`];
    const thrown = how.includes('throws') ? [`oncespan: ${what} threw`] : [];
    expect(whatWasSaid()).toEqual([...thrown, ...noSpan, ...later(what, how)]);
  });
});

describe('a provider whose getTracer()', () => {
  test.each(nonsense)('%s', async (how, getTracer) => {
    trace.disable();
    trace.setGlobalTracerProvider({ getTracer } as unknown as TracerProvider);
    await expectUntouched({});
    expect(withSpan('w', (span) => span.isRecording())).toBe(false);
    const manual = startSpan('m');
    expect(manual.run(() => 7)).toBe(7);
    manual.end();
    const what = 'provider.getTracer()';
    const nothing = {
      'returns nonsense': 'tracer.startSpan() threw',
      'returns null': `${what} gave no tracer`,
    };
    const noTracer = nothing[how as keyof typeof nothing];
    expect(whatWasSaid()).toEqual(
      noTracer === undefined ? [...said(what, how), ...later(what, how)] : [`oncespan: ${noTracer}`],
    );
  });
});

describe('a provider whose getDelegate()', () => {
  test.each(nonsense)('%s', async (how, getDelegate) => {
    const tracerProvider = { getTracer: sabotage, getDelegate } as unknown as TracerProvider;
    const tracing = createTracing({ tracerProvider });
    expect(tracing.traceTask(() => 7)()).toBe(7);
    expect(await tracing.traceTask(async () => 7, { flush: 'await' })()).toBe(7);
    expect(tracing.withSpan('w', (span) => span.isRecording())).toBe(false);
    const manual = tracing.startSpan('m');
    expect(manual.run(() => 7)).toBe(7);
    await manual[Symbol.asyncDispose]();
    expect(await tracing.flush()).toEqual({ status: 'flushed' });
    const what = 'provider.getDelegate()';
    if (how === 'throws') expect(whatWasSaid()).toEqual([`oncespan: ${what} threw`]);
    if (how === 'rejects') expect(whatWasSaid()).toContain(`oncespan: ${what} rejected`);
  });
});

describe('a provider whose forceFlush()', () => {
  test.each(nonsense)('%s', async (_how, call) => {
    const { provider, spans } = record();
    provider.forceFlush = call;
    await expectUntouched({ flush: 'await' } as SpanOptions<[AbortSignal]>);
    await expectUntouched({});
    expect(spans()).toHaveLength(8);
  });
});

test.each(nonsense)('a sampler that %s', async (how, call) => {
  // The SDK drops the promise of an asynchronous sampler; its rejection is out of reach from here.
  const shouldSample = how === 'rejects' ? () => Promise.resolve() as never : call;
  record({ sampler: { shouldSample, toString: () => 'saboteur' } });
  await expectUntouched({});
});

test('a processor that throws in onStart or onEnd', async () => {
  for (const hook of ['onStart', 'onEnd'] as const) {
    const processor = new SimpleSpanProcessor({ exporter: new MemoryExporter() });
    processor[hook] = sabotage;
    record({ processors: [processor] });
    await expectUntouched({});
  }
});

test('a diag logger that throws', async () => {
  const logger = { error: sabotage, warn: sabotage, info: sabotage, debug: sabotage, verbose: sabotage };
  record();
  diag.setLogger(logger, { suppressOverrideMessage: true });
  await expectUntouched({ name: sabotage, attributes: sabotage });
});

test('a diag logger that is asynchronous, and fails later', async () => {
  const logger = { error: rejection, warn: rejection, info: rejection, debug: rejection, verbose: rejection };
  record();
  diag.setLogger(logger, { suppressOverrideMessage: true });
  await expectUntouched({ name: sabotage, attributes: sabotage });
  const log = vi.spyOn(console, 'error').mockImplementation(rejection);
  reportLoudly('both are asynchronous');
  expect(log).toHaveBeenCalledTimes(1);
  log.mockRestore();
});

describe('a context manager', () => {
  const broken: [string, object][] = [
    ['whose with() throws', { active: () => undefined, with: sabotage }],
    ['whose with() calls nothing', { active: sabotage, with: () => 'nonsense' }],
    ['whose with() calls twice', { with: (_context: unknown, fn: () => void) => (fn(), fn()) }],
    ['whose with() calls later', { with: (_context: unknown, fn: () => void) => void queueMicrotask(fn) }],
    [
      'whose with() throws something else',
      {
        with(_context: unknown, fn: () => void) {
          try {
            fn();
          } finally {
            sabotage();
          }
        },
      },
    ],
    [
      'whose with() throws nothing',
      {
        with(_context: unknown, fn: () => void) {
          try {
            fn();
          } catch {}
        },
      },
    ],
  ];
  test.each(broken)('%s', async (how, methods) => {
    const { context } = await import('@opentelemetry/api');
    record();
    context.disable();
    context.setGlobalContextManager({
      active: () => ROOT_CONTEXT,
      bind: () => {},
      enable: () => {},
      disable: () => {},
      ...methods,
    } as never);
    const isHeard = ['whose with() throws', 'whose with() throws something else'].includes(how);
    expect(traceTask(() => 7, { flush: 'never' })()).toBe(7);
    expect(whatWasSaid().includes('oncespan: context.with() threw')).toBe(isHeard);
    await expectUntouched({ timeoutMs: 5 });
  });

  const asynchronous: [string, object][] = [
    ['with()', { with: async (_context: unknown, fn: () => void) => (fn(), sabotage()) }],
    ['active()', { active: rejection, with: (_context: unknown, fn: () => unknown) => fn() }],
  ];
  test.each(asynchronous)('whose %s is asynchronous, and fails later', async (method, methods) => {
    const ended: string[] = [];
    const nothing = { onStart() {}, forceFlush: async () => {}, shutdown: async () => {} };
    // Without an exporter: that the SDK calls by way of the context manager, too.
    const provider = new SdkTracerProvider({
      spanProcessors: [{ ...nothing, onEnd: ({ name }) => void ended.push(name) }],
    });
    contextApi.disable();
    contextApi.setGlobalContextManager({ active: () => ROOT_CONTEXT, disable() {}, ...methods } as never);
    const tracing = createTracing({ tracerProvider: provider, flush: 'never' });
    expect(tracing.withSpan('with', () => 7)).toBe(7);
    const manual = tracing.startSpan('manual');
    expect(manual.run(() => 7)).toBe(7);
    manual.end();
    expect(ended).toEqual(['with', 'manual']);
    expect(hasContextManager()).toBe(false);
    await turn();
    expect(whatWasSaid()).toContain(`oncespan: context.${method} rejected`);
  });
});

test('whoever waits for a signal is told, whatever others throw', () => {
  const controller = new AbortController();
  const told: unknown[] = [];
  const waits = () => ({ aborted: (reason: unknown) => void told.push(reason) });
  for (const observer of [waits(), { aborted: sabotage }, waits()]) observeAbort(controller.signal, observer);
  controller.abort(failure);
  expect(told).toEqual([failure, failure]);
  expect(reported).toEqual([['oncespan: telling of an event threw', expect.any(Error)]]);
});

test('a signal that cannot be listened to', async () => {
  const { rows } = record();
  const { signal } = new AbortController();
  Object.defineProperty(signal, 'addEventListener', { value: sabotage });
  expect(traceTask((_signal: AbortSignal) => 7, 'task')(signal)).toBe(7);
  expect(rows()).toEqual([{ name: 'task' }]);
});

test('a thrown error in a hook of an isolated instance stays there', async () => {
  record();
  const { traceTask: task } = createTracing({
    enabled: sabotage as () => boolean,
    ignoreErrors: sabotage as () => boolean,
  });
  await expect(task(() => Promise.reject(failure))()).rejects.toBe(failure);
});

describe('options that change their mind', () => {
  const throwing: SpanOptions<[], number> = {
    attributes: { a: 1 },
    get name(): never {
      throw failure;
    },
  };
  /** Works while it is checked, and no more. */
  const turning = () => {
    const { proxy, revoke } = Proxy.revocable({ a: 1 }, {});
    return { proxy, revoke };
  };

  test('attributes that can no longer be read', async () => {
    const { proxy, revoke } = turning();
    const { rows } = record();
    const task = traceTask(() => 7, { name: 'task', attributes: proxy });
    const isolated = createTracing({ attributes: proxy }).traceTask(() => 7, 'isolated');
    revoke();
    expect([task(), isolated()]).toEqual([7, 7]);
    const attributes = { a: 1 };
    expect(rows()).toEqual([
      { name: 'task', attributes },
      { name: 'isolated', attributes },
    ]);
  });

  test('answers that cannot be read', async () => {
    const { proxy, revoke } = turning();
    revoke();
    record();
    const options = ['attributes', 'resultAttributes', 'signal', 'from', 'enabled', 'name'];
    for (const option of options) await expectUntouched({ [option]: () => proxy });
    expect(whatWasSaid()).toEqual([
      ...options.map((option) => `oncespan: option "${option}" threw`),
      'oncespan: option "name" of Mock gave no name',
    ]);
  });

  test('of withSpan() and startSpan()', () => {
    const { rows } = record();
    const unreadable = new Proxy(class {}, { get: sabotage });
    expect(withSpan({ name: 'mine', ignoreErrors: unreadable }, () => 7)).toBe(7);
    expect(withSpan(throwing, () => 7)).toBe(7);
    startSpan(new Proxy({}, { ownKeys: sabotage }) as never).end();
    expect(rows()).toEqual([{ name: 'mine' }, { name: 'span', attributes: { a: 1 } }, { name: 'span' }]);
  });
});

test('names that are none', () => {
  const { rows } = record();
  for (const name of [Symbol('x'), { toString: sabotage }, () => 'zzz', '']) {
    class Service {
      static readonly name = name as string;
      @Traced()
      work(): number {
        return 7;
      }
    }
    expect(new Service().work()).toBe(7);
    const job = () => 7;
    Object.defineProperty(job, 'name', { value: name });
    expect(traceTask(job)()).toBe(7);
  }
  expect(rows()).toEqual(Array.from({ length: 4 }, () => [{ name: 'work' }, { name: 'task' }]).flat());
});

test('a diag logger that is traced itself, by telemetry that fails', () => {
  const { rows } = record();
  const warn = vi.fn(traceTask(() => {}, { name: sabotage, flush: 'never' }));
  const silent = () => {};
  diag.setLogger(
    { error: silent, warn, info: silent, debug: silent, verbose: silent },
    { suppressOverrideMessage: true },
  );
  expect(traceTask(() => 7, { name: sabotage, flush: 'never' })()).toBe(7);
  expect(warn).toHaveBeenCalledTimes(2);
  expect(rows()).toHaveLength(3);
});

test('a provider that fails once is asked again', () => {
  const { provider, rows } = record();
  const getTracer = vi.spyOn(provider, 'getTracer').mockImplementationOnce(sabotage);
  const task = createTracing().traceTask(() => 7, 'task');
  expect([task(), task(), task()]).toEqual([7, 7, 7]);
  expect(getTracer).toHaveBeenCalledTimes(2);
  expect(rows()).toEqual([{ name: 'task' }, { name: 'task' }]);
});

test('a span that the application has ended is left alone, and the SDK has nothing to say', () => {
  const { rows } = record();
  withSpan('theirs', (span) => span.end());
  expect(() =>
    withSpan('failed', (span) => {
      span.end();
      throw failure;
    }),
  ).toThrow(failure);
  expect(rows()).toEqual([{ name: 'theirs' }, { name: 'failed' }]);
  expect(reported).toEqual([]);
});

test('a span that records nothing is ended too', () => {
  const end = vi.fn();
  register({ startSpan: () => ({ end, isRecording: () => false }) } as unknown as Tracer);
  expect(traceTask(() => 7)()).toBe(7);
  expect(() =>
    traceTask(() => {
      throw failure;
    })(),
  ).toThrow(failure);
  withSpan('with', () => {});
  expect(end).toHaveBeenCalledTimes(3);
});

test('the end of one span ends another, of the same signal', () => {
  const others: { end(): void }[] = [];
  const processor = new SimpleSpanProcessor({ exporter: new MemoryExporter() });
  processor.onEnd = () => others.pop()?.end();
  const { rows } = record({ processors: [processor] });
  const controller = new AbortController();
  startSpan({ name: 'first', signal: controller.signal });
  others.push(startSpan({ name: 'second', signal: controller.signal, abortGraceMs: 50 }));
  controller.abort(failure);
  // That it has left no timer is for the set-up to say.
  expect(rows().map(({ name }) => name)).toEqual(['second', 'first']);
});

test('hooks that answer something near to an answer', () => {
  const { rows } = record();
  const task = traceTask(
    () => {
      throw failure;
    },
    { name: () => '', ignoreErrors: (() => 1) as unknown as () => boolean, timeoutMs: undefined },
  );
  expect(task).toThrow(failure);
  expect(rows()).toEqual([
    {
      name: 'task',
      status: 'ERROR from the application',
      attributes: { error: true, 'error.type': 'Error' },
      exceptions: ['Error: from the application'],
    },
  ]);
});

test('a reason that is a promise or a thenable is not touched', async () => {
  const then = vi.fn();
  const controller = new AbortController();
  record();
  void traceTask((_signal: AbortSignal) => new Promise(() => {}))(controller.signal);
  controller.abort({ then });
  expect(then).not.toHaveBeenCalled();
});

function bound(target: object, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key);
  return typeof value === 'function' ? value.bind(target) : value;
}

function register(tracer: Tracer): void {
  trace.disable();
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
}

test.each([
  ['seconds and nanoseconds', { startTime: [1, 500_000] }, 1000.5],
  ['no such pair', { startTime: 7 }, 1_700_000_000_000],
  ['nothing', {}, 1_700_000_000_000],
])('a span that tells its start as %s: liveSpans() tells when it was', (_what, members, startTime) => {
  const clock = vi.spyOn(Date, 'now').mockReturnValue(1_700_000_000_000);
  onTestFinished(() => clock.mockRestore());
  register({ startSpan: () => Object.assign(trace.wrapSpanContext(INVALID_SPAN_CONTEXT), members) } as never);
  const live = startSpan('live');
  expect(liveSpans().map((told) => told.startTime)).toEqual([startTime]);
  live.end();
});

test('a span that says it records when it has ended: the result is not asked about', async () => {
  const { provider } = record();
  const real = provider.getTracer('real');
  const isRecording = () => true;
  register({
    startSpan: (name, options, parent) =>
      Object.assign(real.startSpan(name, options, parent), { isRecording }),
  } as Tracer);
  const resultAttributes = vi.fn(() => ({ a: 1 }));
  const controller = new AbortController();
  const task = traceTask(async (_signal: AbortSignal) => 7, { resultAttributes })(controller.signal);
  controller.abort();
  expect(await task).toBe(7);
  expect(resultAttributes).not.toHaveBeenCalled();
});

test.each([true, false])(
  'a result that refuses every look ends its span once (recording: %s)',
  (isRecording) => {
    let ended = 0;
    const span = {
      end: () => void ended++,
      isRecording: () => isRecording,
      setStatus() {},
      setAttribute() {},
    };
    register({ startSpan: () => span } as unknown as Tracer);
    const sabotaged = new Proxy(
      {},
      { get: sabotage, has: sabotage, getPrototypeOf: sabotage, ownKeys: sabotage },
    );
    const endsOf = (covers: 'work' | ((value: unknown) => unknown)) => {
      ended = 0;
      expect(traceTask(() => sabotaged, { covers, flush: 'never' })() === sabotaged).toBe(true);
      return ended;
    };
    expect([endsOf('work'), endsOf((value) => value)]).toEqual([1, 1]);
    expect(reported).toEqual([['oncespan: looking at a result threw', expect.any(Error)]]);
    withSpan('next', () => {});
    expect(ended).toBe(2);
  },
);

test('a context manager without contexts, looked at for the first time, costs no call', async () => {
  vi.resetModules();
  const { traceTask: fresh } = await import('../src/index.ts');
  record();
  const task = fresh(
    () => {
      vi.restoreAllMocks();
      return 7;
    },
    { flush: 'never' },
  );
  const through = contextApi.with.bind(contextApi) as (...args: unknown[]) => unknown;
  vi.spyOn(contextApi, 'with').mockImplementation((...args: unknown[]) => {
    vi.spyOn(contextApi, 'active').mockReturnValue({} as Context);
    return through(...args) as never;
  });
  expect(task()).toBe(7);
});

test('a context manager whose active() throws is reported, and the span is a root', () => {
  const { rows } = record();
  const active = vi.spyOn(contextApi, 'active').mockImplementationOnce(sabotage);
  expect(traceTask(() => 7, { name: 'task', flush: 'never' })()).toBe(7);
  active.mockRestore();
  expect(rows()).toEqual([{ name: 'task' }]);
  expect(whatWasSaid()).toEqual(['oncespan: context.active() threw']);
});

describe('hooks that answer', () => {
  const quiet = [
    'attributes',
    'resultAttributes',
    'signal',
    'links',
    'kind',
    'timeoutMs',
    'flushTimeoutMs',
    'from',
  ];
  test('undefined say nothing, and change nothing', async () => {
    const { rows } = record();
    const options = Object.fromEntries(quiet.map((option) => [option, () => undefined]));
    const waitUntil = vi.fn();
    const task = traceTask(async (_signal: AbortSignal) => 7, { name: 'task', waitUntil, ...options });
    expect(await task(new AbortController().signal)).toBe(7);
    expect(rows()).toEqual([{ name: 'task' }]);
    expect(await waitUntil.mock.calls[0]![0]).toEqual({ status: 'flushed' });
    expect(reported).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['text', 'nonsense'],
    ['null', null],
    ['a controller', new AbortController()],
  ])('%s for a signal are reported, and there is no signal', (_what, answer) => {
    const { rows } = record();
    const signal = (() => answer) as unknown as () => AbortSignal;
    expect(traceTask(() => 7, { name: 'task', signal })()).toBe(7);
    expect(rows()).toEqual([{ name: 'task' }]);
    expect(reported).toEqual([['oncespan: option "signal" gave no AbortSignal']]);
  });
});

describe('what is suppressed is reported in words that tell it apart', () => {
  /** A real span that has some members of its own. */
  const registerWith = (members: object) => {
    const { provider } = record();
    const real = provider.getTracer('real');
    const start = (...args: Parameters<Tracer['startSpan']>) =>
      Object.defineProperties(real.startSpan(...args), Object.getOwnPropertyDescriptors(members));
    register({ startSpan: start } as Tracer);
  };
  const refusing = new Proxy(new Error('kept'), { get: sabotage, has: sabotage, getPrototypeOf: sabotage });
  const acts: Record<string, [() => unknown, ...string[]]> = {
    'the parent that cannot be read, of a linked span': [
      () => {
        registerWith({ spanContext: sabotage });
        withSpan('outer', () => withSpan({ name: 'inner', relation: 'linked' }, () => {}));
      },
      'reading the parent span threw',
      // By the SDK, which asks for it, too.
      'span.end() threw',
    ],
    'whether the parent has ended, of a task that flushes': [
      () => {
        registerWith({
          get ended() {
            return sabotage();
          },
        });
        withSpan('outer', () => traceTask(() => 7)());
      },
      'reading the parent span threw',
    ],
    'the identity of a live span': [
      () => {
        registerWith({ spanContext: sabotage });
        const live = startSpan('live');
        expect(liveSpans()).toEqual([expect.objectContaining({ name: 'live', traceId: '', spanId: '' })]);
        live.end();
      },
      'span.spanContext() threw',
      'span.end() threw',
    ],
    'the trace of an error that is recorded once': [
      () => {
        const recordException = vi.fn();
        registerWith({ spanContext: sabotage, recordException });
        expect(() =>
          createTracing({ exceptionEvents: 'origin-only' }).withSpan('task', () => {
            throw failure;
          }),
        ).toThrow(failure);
        expect(recordException).toHaveBeenCalledTimes(1);
      },
      'span.spanContext() threw',
      'span.end() threw',
    ],
    'the status of a span that has failed': [
      () => {
        registerWith({
          get status() {
            return sabotage();
          },
        });
        expect(() =>
          withSpan('task', () => {
            throw failure;
          }),
        ).toThrow(failure);
      },
      'span.status threw',
      'span.setStatus() threw',
    ],
    'the attributes of a result': [
      () => {
        registerWith({ setAttributes: sabotage });
        expect(traceTask(() => 7, { resultAttributes: () => ({ a: 1 }), flush: 'never' })()).toBe(7);
      },
      'span.setAttributes() threw',
    ],
    'what was thrown in the grace period': [
      async () => {
        record();
        const controller = new AbortController();
        const task = traceTask(() => Promise.reject(refusing), {
          signal: controller.signal,
          abortGraceMs: 50,
          flush: 'never',
        });
        const settled = task().catch(() => {});
        controller.abort();
        await settled;
      },
      'reading a thrown error threw',
    ],
    'links that cannot be gone through': [
      () => {
        record();
        const links = new Proxy([], { get: (_, key) => (key === 'then' ? undefined : sabotage()) });
        expect(traceTask(() => 7, { links: () => links, flush: 'never' })()).toBe(7);
      },
      'reading links threw',
    ],
    'the step of an iterator that refuses every look': [
      () => {
        record();
        const step = new Proxy({}, { has: sabotage });
        const next = () => step as IteratorResult<number>;
        const work = traceTask(() => ({ next, return: () => ({ done: true }), [Symbol.iterator]: itself }))();
        expect(work.next() === step).toBe(true);
        work.return();
      },
      'reading an iterator result threw',
    ],
    'the step of an iterator that refuses to be looked at closely': [
      () => {
        record();
        const step = new Proxy({ done: false }, { getOwnPropertyDescriptor: sabotage });
        const next = () => step as IteratorResult<number>;
        const work = traceTask(() => ({ next, return: () => ({ done: true }), [Symbol.iterator]: itself }))();
        expect(work.next() === step).toBe(true);
        work.return();
      },
      'reading an iterator result threw',
    ],
    'the error of a stream': [
      async () => {
        record();
        const stream = traceTask(() => new PassThrough())();
        stream.on('error', () => {});
        const closed = new Promise((resolve) => void stream.once('close', resolve));
        const error = Object.defineProperty(new Error('kept'), 'code', { get: sabotage });
        stream.emit('error', error);
        stream.destroy();
        await closed;
      },
      'reading the error of a stream threw',
    ],
    'the class of an object without its own name': [
      () => {
        record();
        class Loose {
          @Traced()
          work() {
            return 7;
          }
        }
        const { work } = Loose.prototype;
        const object = new Proxy({}, { getPrototypeOf: sabotage, getOwnPropertyDescriptor: sabotage });
        expect(Reflect.apply(work, object, [])).toBe(7);
      },
      'reading a class threw',
    ],
  };

  /** What iterators answer when they are asked for one, by the letter: its code is read. */
  function itself(this: unknown) {
    return this as Iterator<number>;
  }

  test.each(Object.entries(acts))('%s', async (_what, [act, ...words]) => {
    await act();
    expect(whatWasSaid()).toEqual(words.map((text) => `oncespan: ${text}`));
  });
});
