import { context, propagation, ROOT_CONTEXT, type TextMapPropagator, trace } from '@opentelemetry/api';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { trace as agent } from 'api-1.9';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { flush, liveSpans, startSpan, traceTask, withSpan } from '../../src/index.ts';
import {
  type ProviderLease,
  SerialBatchSpanProcessor,
  startTracing,
  type StartOptions,
} from '../../src/sdk/index.ts';
import { startTracingOn } from '../../src/sdk/lifecycle/start-tracing.ts';
import { beforeProcessEnd } from '../../src/sdk/lifecycle/process-end.ts';
import { environmentVariable } from '../../src/platform/environment-variable.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { type Deferred, deferred, MemoryExporter, reported, turn } from '../harness.ts';

const newProvider = () =>
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: new MemoryExporter() })] });
const leases: ProviderLease[] = [];
const start = async (options?: StartOptions) => {
  const build = vi.fn(newProvider);
  const lease = await startTracing(build, { signals: [], ...options });
  leases.push(lease);
  return { lease, build };
};
const onConsole: unknown[] = [];

beforeEach(() => {
  onConsole.length = 0;
  vi.spyOn(console, 'error').mockImplementation((...said) => void onConsole.push(...said));
});

afterEach(async () => {
  await Promise.all(leases.splice(0).map((lease) => lease.release()));
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('the propagator', () => {
  const mine: TextMapPropagator = {
    inject: (_context, carrier) => Object.assign(carrier as object, { traced: 'yes' }),
    extract: (active) => active,
    fields: () => ['traced'],
  };
  const W3C = ['traceparent', 'tracestate', 'baggage'];

  test.each<[string, string | undefined, StartOptions, string[]]>([
    ['by default is that of the W3C', undefined, {}, W3C],
    ['with an empty variable is that of the W3C', ' ', {}, W3C],
    ['is what the variable names, once each', 'baggage, baggage', {}, ['baggage']],
    ['is none where the variable says so', 'none', {}, []],
    ['is none where the variable says so among others', 'tracecontext,none', {}, []],
    ['is the option rather than the variable', 'baggage', { propagator: mine }, ['traced']],
    ['is none where the option says so', 'baggage', { propagator: null }, []],
  ])('%s, until the last release', async (_how, variable, options, fields) => {
    vi.stubEnv('OTEL_PROPAGATORS', variable);
    const { lease } = await start(options);
    expect(propagation.fields()).toEqual(fields);
    await lease.release();
    expect(propagation.fields()).toEqual([]);
    expect(reported).toEqual([]);
  });

  test('that the variable names and nobody here knows is left out, and reported', async () => {
    vi.stubEnv('OTEL_PROPAGATORS', 'B3,toString,TraceContext');
    await start();
    expect(propagation.fields()).toEqual(['traceparent', 'tracestate']);
    const none = 'which is none of tracecontext, baggage, none; give startTracing() the option propagator';
    expect(reported).toEqual([
      [`oncespan: OTEL_PROPAGATORS names 'b3', ${none}`],
      [`oncespan: OTEL_PROPAGATORS names 'tostring', ${none}`],
    ]);
  });

  test('that is registered already stays, also after the last release', async () => {
    propagation.setGlobalPropagator(mine);
    const { lease } = await start();
    expect(propagation.fields()).toEqual(['traced']);
    await lease.release();
    expect(propagation.fields()).toEqual(['traced']);
    expect(reported).toEqual([]);
    await start({ propagator: { ...mine, fields: () => ['other'] } });
    expect(propagation.fields()).toEqual(['traced']);
    expect(reported).toEqual([
      ['oncespan: startTracing(): a propagator is registered already; option "propagator" is ignored'],
    ]);
    propagation.disable();
  });

  test('that is registered and cannot say its fields stays, too', async () => {
    propagation.setGlobalPropagator({ inject() {}, extract: mine.extract } as never);
    await start();
    expect(() => propagation.fields()).toThrow('fields is not a function');
    expect(reported).toEqual([['oncespan: propagation.fields() threw', expect.any(TypeError)]]);
    propagation.disable();
  });

  test('that somebody has put in place of ours stays after the last release', async () => {
    const { lease } = await start();
    propagation.disable();
    propagation.setGlobalPropagator(mine);
    await lease.release();
    expect(propagation.fields()).toEqual(['traced']);
    propagation.disable();
  });

  test('reads the carrier of a job, and makes its span a child of what it carries', async () => {
    await start();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    const seen = traceTask(() => trace.getActiveSpan()?.spanContext().traceId, { from: () => headers })();
    expect(seen).toBe(traceId);
  });

  test('that is none, with wrong options for one, is refused', async () => {
    const half = { inject() {}, extract: mine.extract };
    for (const propagator of [{}, 1, 'tracecontext', half] as never[]) {
      await expect(startTracing(newProvider, { propagator })).rejects.toThrow(
        /option 'propagator' is .*; give a propagator, or null/,
      );
    }
  });
});

describe('OTEL_SDK_DISABLED', () => {
  test.each(['true', ' TRUE '])('%o builds no provider, and registers the rest', async (value) => {
    context.disable();
    vi.stubEnv('OTEL_SDK_DISABLED', value);
    const { lease, build } = await start();
    expect(build).not.toHaveBeenCalled();
    expect(propagation.fields()).toEqual(['traceparent', 'tracestate', 'baggage']);
    const key = Symbol('followed');
    const followed = context.with(ROOT_CONTEXT.setValue(key, true), () => context.active().getValue(key));
    expect(followed).toBe(true);
    expect(traceTask(() => trace.getActiveSpan())()).toBe(undefined);
    const span = lease.provider.getTracer('mine').startSpan('of a provider that does nothing');
    expect(span.isRecording()).toBe(false);
    await expect(lease.provider.forceFlush?.()).resolves.toBe(undefined);
    // What the application does with its own provider must not fail.
    expect(() => (lease.provider as TracerProvider & { register(): void }).register()).not.toThrow();
    await lease.release();
    expect(propagation.fields()).toEqual([]);
    expect([reported, onConsole]).toEqual([[], []]);
  });

  test.each(['false', '1', '', 'yes'])('%o changes nothing', async (value) => {
    vi.stubEnv('OTEL_SDK_DISABLED', value);
    expect((await start()).build).toHaveBeenCalledTimes(1);
    const isWrong = value === '1' || value === 'yes';
    expect(reported).toEqual(
      isWrong ? [[`oncespan: OTEL_SDK_DISABLED is '${value}'; give true or false; false is used`]] : [],
    );
  });
});

describe('where something is registered already', () => {
  /** All users of the API in a process meet there. */
  const REGISTRATIONS = Symbol.for('opentelemetry.js.api.1');
  const holder = globalThis as { [REGISTRATIONS]?: unknown };
  const before = holder[REGISTRATIONS];

  afterEach(() => {
    holder[REGISTRATIONS] = before;
  });

  test('says loudly that it is another provider, and leaves it there', async () => {
    const theirs = newProvider();
    trace.setGlobalTracerProvider(theirs);
    await start();
    const said =
      'oncespan: startTracing(): another tracer provider is registered, so that no span reaches this one; ' +
      'remove the other registration';
    expect(onConsole).toEqual([said]);
    expect(reported.map(([what]) => what)).toContain(said);
    expect(trace.getTracer('x').startSpan('theirs').isRecording()).toBe(true);
    await theirs.shutdown();
  });

  test('says loudly that it was with another version of the API, and what repairs it', async () => {
    delete holder[REGISTRATIONS];
    const theirs = newProvider();
    agent.setGlobalTracerProvider(theirs);
    const registered = holder[REGISTRATIONS];
    await start();
    expect(onConsole).toEqual([
      expect.stringMatching(
        /^oncespan: startTracing\(\): nothing that is registered here .* version 1\.9\.1 of @opentelemetry\/api was there first .* 1\.10\.\d+ is imported here\. .* @opentelemetry\/api@1\.9\.1 .* "overrides": \{ "@opentelemetry\/api": "\$@opentelemetry\/api" \}/,
      ),
    ]);
    // Finding out has changed nothing.
    expect(holder[REGISTRATIONS]).toBe(registered);
    expect(agent.getTracer('x').startSpan('theirs').isRecording()).toBe(true);
    await theirs.shutdown();
  });

  test('says nothing where the build has registered its provider, with whatever version', async () => {
    const provider = newProvider();
    holder[REGISTRATIONS] = { version: '1.99.0' };
    const build = () => {
      Object.assign(holder[REGISTRATIONS] as object, { trace: provider });
      return provider;
    };
    leases.push(await startTracing(build, { signals: [] }));
    expect(onConsole).toEqual([]);
  });

  test('says nothing where it was with the same version', async () => {
    delete holder[REGISTRATIONS];
    propagation.setGlobalPropagator({ inject() {}, extract: (active) => active, fields: () => ['mine'] });
    await start();
    expect(onConsole).toEqual([]);
    propagation.disable();
    context.disable();
  });
});

test('where a context manager is registered, none is made', async () => {
  const make = vi.fn();
  leases.push(await startTracingOn(make)(newProvider, { signals: [] }));
  expect(make).not.toHaveBeenCalled();
});

describe('the signals', () => {
  const ours = (event: string) => process.listenerCount(event);

  test('are not needed for an exporter that writes at once: at the exit it is given what has ended, and what is live', async () => {
    const exporter = new MemoryExporter();
    const { export: write } = exporter;
    // It has written at once, and says so later.
    exporter.export = (spans, answer) =>
      write.call(exporter, spans, (result) => void turn().then(() => answer(result)));
    const others = process.listeners('exit');
    const lease = await startTracing(
      () => new TracerProvider({ spanProcessors: [new SerialBatchSpanProcessor(exporter)] }),
    );
    const atExit = process.listeners('exit').filter((listener) => !others.includes(listener));
    const live = startSpan('live');
    withSpan('ended', () => {});
    const flushed = flush();
    withSpan('ended after that', () => {});
    // `process.exit()` calls these, and nothing that waits goes on.
    for (const listener of atExit) listener.call(process, 0);
    const names = () => exporter.spans.map(({ name, attributes }) => [name, attributes['oncespan.outcome']]);
    const all = [
      ['ended', undefined],
      ['ended after that', undefined],
      ['live', 'shutdown'],
    ];
    expect(names()).toEqual(all);
    live.end();
    await flushed;
    await lease.release();
    expect(names()).toEqual(all);
    expect(process.listeners('exit')).toEqual(others);
  });

  test('are the application’s where it has one listener of its own: nothing ends', async () => {
    const { lease } = await start({ signals: ['SIGUSR2'] });
    const provider = lease.provider as TracerProvider;
    const flushed = vi.spyOn(provider, 'forceFlush');
    const shutDown = vi.spyOn(provider, 'shutdown');
    const heard = vi.fn();
    process.on('SIGUSR2', heard);
    const live = startSpan('live');
    process.emit('SIGUSR2', 'SIGUSR2');
    await turn();
    expect([heard, flushed, shutDown].map((fn) => fn.mock.calls.length)).toEqual([1, 1, 0]);
    expect(liveSpans().map(({ name }) => name)).toEqual(['live']);
    live.end();
    process.off('SIGUSR2', heard);
    await lease.release();
    expect(shutDown).toHaveBeenCalledTimes(1);
  });

  test('of a process that cannot be listened to are left, and that is reported', async () => {
    const on = vi.spyOn(process, 'on').mockImplementation(() => {
      throw new Error('refused');
    });
    await start();
    on.mockRestore();
    expect(reported).toEqual([['oncespan: listening to the end of the process threw', new Error('refused')]]);
  });

  test('that the platform does not have are ignored, and reported once each', async () => {
    const signals = ['SIGUSR2', 'SIGTREM', 'SIGTREM', 'toString', 'exit'];
    const before = ['SIGUSR2', 'SIGTREM', 'toString', 'exit'].map(ours);
    await start({ signals });
    expect(['SIGUSR2', 'SIGTREM', 'toString', 'exit'].map(ours)).toEqual([
      before[0]! + 1,
      before[1],
      before[2],
      // The end of the process, which is listened to in any case.
      before[3]! + 1,
    ]);
    expect(reported).toEqual(
      ['SIGTREM', 'toString', 'exit'].map((name) => [
        `oncespan: startTracing(): '${name}' is no signal of this platform; ignored`,
      ]),
    );
  });

  test('are taken as they are where Node does not hand out its list, as before 20.16', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
    await start({ signals: ['SIGTERM', 'exit'] });
    expect(reported).toEqual([["oncespan: startTracing(): 'exit' is no signal of this platform; ignored"]]);
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    vi.spyOn(process, 'kill').mockReturnValue(true);
    process.emit('SIGTERM', 'SIGTERM');
    await turn();
    await vi.advanceTimersByTimeAsync(1);
    expect(exit.mock.calls).toEqual([[143]]);
  });

  test('leave the shutdown no time, and not less, when the flush has taken all of it', async () => {
    const shutDown = vi.fn(async () => {});
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    vi.spyOn(process, 'kill').mockReturnValue(true);
    // As when something holds the event loop.
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now);
    const flushLate = async () => void clock.mockReturnValue(now + 500);
    beforeProcessEnd({
      signals: ['SIGUSR2'],
      timeoutMs: 100,
      drain: undefined,
      flush: flushLate,
      shutDown,
      handOver: () => {},
    });
    process.emit('SIGUSR2', 'SIGUSR2');
    await turn();
    await vi.advanceTimersByTimeAsync(1);
    expect(shutDown.mock.calls).toEqual([[0]]);
    expect(exit).toHaveBeenCalledTimes(1);
  });

  test('that cannot be listened to are reported, and the others are listened to', async () => {
    const failure = new Error('EINVAL');
    const before = [ours('SIGUSR2'), ours('SIGHUP')];
    vi.spyOn(process, 'prependListener').mockImplementationOnce(() => {
      throw failure;
    });
    const { lease } = await start({ signals: ['SIGHUP', 'SIGUSR2'] });
    expect([ours('SIGUSR2'), ours('SIGHUP')]).toEqual([before[0]! + 1, before[1]]);
    await lease.release();
    expect([ours('SIGUSR2'), ours('SIGHUP')]).toEqual(before);
    expect(reported).toEqual([['oncespan: listening to SIGHUP threw', failure]]);
  });

  test('that nobody can listen to, and what is no signal, are refused', async () => {
    for (const signal of ['SIGKILL', 'SIGSTOP', 15, undefined] as string[]) {
      await expect(startTracing(newProvider, { signals: ['SIGTERM', signal] })).rejects.toThrow(
        /option 'signals' is an object; give .* without SIGKILL and SIGSTOP, to which nobody can listen/,
      );
    }
  });

  test('that cannot be sent, as most on Windows, end the process by the code that stands for them', async () => {
    await start({ signals: ['SIGHUP'] });
    const failure = new Error('ENOSYS');
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw failure;
    });
    process.emit('SIGHUP', 'SIGHUP');
    await turn();
    await vi.advanceTimersByTimeAsync(1);
    expect(exit.mock.calls).toEqual([[129]]);
    expect(reported).toEqual([['oncespan: process.kill() with SIGHUP threw', failure]]);
  });

  test('that others listen to: what ends is flushed 100 ms after the last flush, until the last release', async () => {
    const { lease } = await start({ signals: ['SIGUSR2'] });
    const passes: Deferred<void>[] = [];
    const forceFlush = vi.spyOn(lease.provider, 'forceFlush').mockImplementation(() => {
      const pass = deferred();
      passes.push(pass);
      return pass.promise;
    });
    const others = () => {};
    process.on('SIGUSR2', others);
    process.emit('SIGUSR2', 'SIGUSR2');
    process.emit('SIGUSR2', 'SIGUSR2');
    const passesAfter = async (ms: number) => {
      await turn();
      vi.advanceTimersByTime(ms);
      return passes.length;
    };
    expect(await passesAfter(1000)).toBe(1);
    passes[0]!.resolve();
    expect(await passesAfter(99)).toBe(1);
    expect(await passesAfter(1)).toBe(2);
    passes[1]!.reject(new Error('refused'));
    expect(await passesAfter(100)).toBe(3);
    forceFlush.mockRestore();
    await lease.release();
    // After that, too, the pass may be answered.
    passes[2]!.resolve();
    await turn();
    expect(vi.getTimerCount()).toBe(0);
    process.off('SIGUSR2', others);
    expect(reported).toEqual([['oncespan: a flush failed', new Error('refused')]]);
  });
});

test('a drain that hangs is waited for as long as timeoutMs says, then what is live ends', async () => {
  vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  vi.spyOn(process, 'kill').mockReturnValue(true);
  const drain = vi.fn(() => new Promise(() => {}));
  await start({ signals: ['SIGUSR2'], drain, timeoutMs: 1000 });
  startSpan('live');
  process.emit('SIGUSR2', 'SIGUSR2');
  await vi.advanceTimersByTimeAsync(999);
  expect(liveSpans()).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(liveSpans()).toEqual([]);
  expect(drain).toHaveBeenCalledTimes(1);
  expect(reported).toEqual([['oncespan: drain() had not settled after 1000 ms']]);
  // The process, which is still here, exits then.
  await vi.advanceTimersByTimeAsync(2);
});

test.each([
  ['a process', process.pid],
  ['PID 1', 1],
])('%s to whose signal others have begun to listen during the drain is left to them', async (_what, pid) => {
  const { pid: value } = process;
  Object.defineProperty(process, 'pid', { value: pid, configurable: true });
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const others = () => {};
  await start({ signals: ['SIGUSR2'], drain: async () => process.on('SIGUSR2', others) });
  process.emit('SIGUSR2', 'SIGUSR2');
  await turn();
  await vi.advanceTimersByTimeAsync(2);
  expect([kill.mock.calls, exit.mock.calls]).toEqual([[[pid, 'SIGUSR2']], []]);
  process.off('SIGUSR2', others);
  Object.defineProperty(process, 'pid', { value, configurable: true });
});

test('a drain that is no function is refused', async () => {
  await expect(startTracing(newProvider, { drain: Promise.resolve() as never })).rejects.toThrow(
    new TypeError("startTracing(): option 'drain' is an object; give a function"),
  );
});

test.each([
  ['throws', new Proxy({}, { get: () => JSON.parse('{') as never })],
  ['is missing', undefined],
  ['has something else than texts', { MINE: false }],
])('a variable is read where the environment %s', (_how, env) => {
  vi.stubGlobal('process', { env });
  const read = environmentVariable('MINE');
  vi.unstubAllGlobals();
  expect(read).toBe(env !== undefined && 'MINE' in env ? 'false' : undefined);
});

test('a provider that is shut down while a recorder records does not come back', async () => {
  const { lease } = await start();
  const spans = recordSpans();
  await lease.release();
  spans.stop();
  await start();
  expect(onConsole).toEqual([]);
});

test('a start that fails after the build gives its lease back', async () => {
  const { build } = await start();
  await leases.pop()!.release();
  vi.spyOn(propagation, 'setGlobalPropagator').mockImplementation(() => {
    throw new Error('no');
  });
  const provider = newProvider();
  const shutdown = vi.spyOn(provider, 'shutdown');
  await expect(startTracing(() => provider, { signals: [] })).rejects.toThrow('no');
  expect(shutdown).toHaveBeenCalledTimes(1);
  expect(build).toHaveBeenCalledTimes(1);
});
