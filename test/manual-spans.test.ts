import { once } from 'node:events';
import { Readable } from 'node:stream';
import { type Span, trace, type TracerProvider } from '@opentelemetry/api';
import { describe, expect, test, vi } from 'vitest';
import { createTracing, liveSpans, startSpan, Traced, traceTask, withSpan } from '../src/index.ts';
import { record, reported, turn, unhandledDuring } from './harness.ts';

// Spans in hand: what `using` makes of what `run` did, and who else can end them. (Dropped ones: abandoned.test.ts.)

const failure = new TypeError('row 7 is bad');
const RETURNED = { name: 'import' };
const THREW = {
  name: 'import',
  status: 'ERROR row 7 is bad',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: row 7 is bad'],
};
const ABORTED = { name: 'import', attributes: { 'oncespan.outcome': 'aborted' } };
const fail = () => {
  throw failure;
};
/** Runs when it is awaited. */
const query = (ask: () => Promise<unknown>) => ({
  then: (...handlers: Parameters<Promise<unknown>['then']>) => ask().then(...handlers),
});

describe('using', () => {
  const blocks: Record<string, [() => unknown, object]> = {
    'nothing was run': [
      () => {
        using _ = startSpan('import');
      },
      RETURNED,
    ],
    'a run threw, and left the block': [
      () => {
        using live = startSpan('import');
        live.run(fail);
      },
      THREW,
    ],
    'a run rejected, and left the block': [
      async () => {
        await using live = startSpan('import');
        await live.run(async () => fail());
      },
      THREW,
    ],
    'a run rejected with a promise of a subclass': [
      async () => {
        class Sub extends Promise<never> {}
        using live = startSpan('import');
        await live.run(() => new Sub((_, reject) => reject(failure)));
      },
      THREW,
    ],
    'an error was caught inside the run': [
      () => {
        using live = startSpan('import');
        live.run(() => {
          try {
            fail();
          } catch {}
        });
      },
      RETURNED,
    ],
    'a run threw, and a later one succeeded': [
      () => {
        using live = startSpan('import');
        try {
          live.run(fail);
        } catch {}
        live.run(() => 7);
      },
      RETURNED,
    ],
    'the last run threw, and was caught outside': [
      () => {
        using live = startSpan('import');
        live.run(() => 7);
        try {
          live.run(fail);
        } catch {}
      },
      THREW,
    ],
    'a run threw, and a later one returned what only looks like a promise': [
      () => {
        using live = startSpan('import');
        try {
          live.run(fail);
        } catch {}
        live.run(() => new Proxy(Promise.resolve(7), {}));
      },
      RETURNED,
    ],
    'a run returned a query, which failed when it was awaited': [
      async () => {
        using live = startSpan('import');
        await live.run(() => query(async () => fail()));
      },
      THREW,
    ],
    'a run threw, and a later one returned a query that succeeded': [
      async () => {
        using live = startSpan('import');
        try {
          live.run(fail);
        } catch {}
        await live.run(() => query(turn));
      },
      RETURNED,
    ],
    'a run threw, and a later one returned a query that nobody awaited': [
      () => {
        using live = startSpan('import');
        try {
          live.run(fail);
        } catch {}
        live.run(() => query(turn));
      },
      THREW,
    ],
    'a run returned a generator, which failed': [
      () => {
        using live = startSpan('import');
        live
          .run(function* () {
            yield fail();
          })
          .next();
      },
      THREW,
    ],
    'a run returned a stream, which failed': [
      async () => {
        using live = startSpan('import');
        const stream = live.run(() => new Readable({ read: () => void stream.destroy(failure) }));
        await once(stream.on('error', () => {}).resume(), 'close');
      },
      THREW,
    ],
    'a run returned a stream, which was destroyed': [
      async () => {
        using live = startSpan('import');
        const stream = live.run(() => new Readable({ read() {} }));
        await once(stream.destroy(), 'close');
      },
      ABORTED,
    ],
    'a run is still under way': [
      () => {
        using live = startSpan('import');
        void live.run(() => turn());
      },
      RETURNED,
    ],
    'end() had the last word': [
      () => {
        using live = startSpan('import');
        try {
          live.run(fail);
        } catch {}
        live.end();
      },
      RETURNED,
    ],
    'fail() had the last word': [
      () => {
        using live = startSpan('import');
        live.fail(failure);
      },
      THREW,
    ],
  };
  test.each(Object.entries(blocks))('%s', async (_what, [act, row]) => {
    const { rows } = record();
    await (async () => act())().catch((error: unknown) => expect(error).toBe(failure));
    await turn();
    expect(rows()).toEqual([row]);
  });
});

test('a rejection of run that nobody handles stays the one it is', async () => {
  const { rows } = record();
  const act = () => {
    using live = startSpan('import');
    void live.run(async () => fail());
  };
  expect(await unhandledDuring(act)).toEqual([failure]);
  expect(rows()).toEqual([RETURNED]);
});

test('a span that the application ends itself leaves the list at once, as it was ended', () => {
  const { spans, rows } = record();
  const { span } = startSpan('import');
  const keys = Object.keys(span);
  span.end([4e9, 0]);
  expect(liveSpans()).toEqual([]);
  expect(spans()[0]!.endTime).toEqual([4e9, 0]);
  expect(rows()).toEqual([RETURNED]);
  expect(keys).not.toContain('end');
});

test('what a run returned is driven under the span, and tells the span of the call that made it as well', async () => {
  const { rows } = record();
  const act = async () => {
    using live = startSpan('import');
    await live.run(() => withSpan('rows', () => query(async () => withSpan('row', fail))));
  };
  await expect(act()).rejects.toBe(failure);
  const { name: _, ...threw } = THREW;
  expect(rows()).toEqual([
    { name: 'row', parent: 'rows', ...threw },
    { name: 'rows', parent: 'import', ...threw },
    THREW,
  ]);
  const one = startSpan('one');
  for (const _row of one.run(function* () {
    yield withSpan('inside', () => 7);
  }));
  one.end();
  expect(rows().slice(3)).toEqual([{ name: 'inside', parent: 'one' }, { name: 'one' }]);
});

describe('an abort in its grace period', () => {
  const reason = Object.assign(new Error('client left'), { name: 'ClientLeft' });
  const row = {
    name: 'import',
    status: 'ERROR client left',
    attributes: { error: true, 'error.type': 'ClientLeft', 'oncespan.outcome': 'aborted' },
    exceptions: ['ClientLeft: client left'],
  };

  test.each(['using', 'fail'])('%s with its reason is the abort', (way) => {
    const { rows } = record();
    const controller = new AbortController();
    try {
      using live = startSpan({ name: 'import', signal: controller.signal, abortGraceMs: 1000 });
      controller.abort(reason);
      if (way === 'fail') live.fail(reason);
      live.run(() => controller.signal.throwIfAborted());
    } catch {}
    expect(rows()).toEqual([row]);
  });

  test.each(['using', 'end'])('%s of what has succeeded is a success', (way) => {
    const { rows } = record();
    const controller = new AbortController();
    {
      using live = startSpan({ name: 'import', signal: controller.signal, abortGraceMs: 1000 });
      controller.abort(reason);
      if (way === 'end') live.end();
      live.run(() => 7);
    }
    expect(rows()).toEqual([RETURNED]);
  });

  test.each(['using', 'end'])('an abort whose event was stopped has come before %s', (way) => {
    const { rows } = record();
    const controller = new AbortController();
    controller.signal.addEventListener('abort', (event) => event.stopImmediatePropagation());
    {
      using live = startSpan({ name: 'import', signal: controller.signal });
      controller.abort(reason);
      if (way === 'end') live.end();
    }
    expect(rows()).toEqual([row]);
  });
});

test('what run returns is what fn returns', async () => {
  record();
  using live = startSpan('import');
  const thenable = { then: () => {} };
  expect(live.run(() => thenable)).toBe(thenable);
  expect(await live.run(async () => withSpan('row', () => 7))).toBe(7);
  const refusing = new Proxy({}, { has: fail });
  expect(live.run(() => refusing)).toBe(refusing);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(live.run(() => proxy) === proxy).toBe(true);
  const promise = new Proxy(Promise.resolve(7), {});
  expect(live.run(() => promise) === promise).toBe(true);
});

class FakeSpan {
  end = vi.fn();
  isRecording = () => true;
  spanContext = () => ({ traceId: '1', spanId: '1', traceFlags: 1 });
  setAttributes = vi.fn();
  setStatus = vi.fn();
  recordException = vi.fn();
}

/** A provider whose tracer hands out this one. */
function providerOf(span: object): TracerProvider {
  const tracer = { startSpan: () => span as Span, startActiveSpan: vi.fn() };
  return { getTracer: () => tracer };
}

test('a span is ended once, also one that would let itself be ended again', () => {
  const span = new FakeSpan();
  const { end } = span;
  trace.setGlobalTracerProvider(providerOf(span));
  const live = startSpan('import');
  live.end();
  live.end();
  live.fail(failure);
  expect(end).toHaveBeenCalledTimes(1);
  expect(span.setStatus).not.toHaveBeenCalled();
  expect(span.recordException).not.toHaveBeenCalled();
});

test('a span whose `end` cannot be replaced is in hand all the same', () => {
  const span = new FakeSpan();
  trace.setGlobalTracerProvider(providerOf(new Proxy(span, { getOwnPropertyDescriptor: fail })));
  const live = startSpan('import');
  expect(liveSpans()).toHaveLength(1);
  live.end();
  expect(span.end).toHaveBeenCalledTimes(1);
  expect(reported).toEqual([['oncespan: replacing the end of a span threw', failure]]);
});

test('a span that a tracer hands out again and again has the `end` that it had', () => {
  class Shared extends FakeSpan {}
  const span = new Shared();
  const { end } = span;
  trace.setGlobalTracerProvider(providerOf(span));
  for (let i = 0; i < 2; i++) {
    startSpan('import').end();
    expect(span.end).toBe(end);
    startSpan('import').span.end();
    expect(span.end).toBe(end);
  }
  // There is one end for both.
  const [one, other] = [startSpan('one'), startSpan('other')];
  one.end();
  other.end();
  expect(span.end).toBe(end);
  expect(end).toHaveBeenCalledTimes(5);
});

test('a span whose `end` throws has ended', () => {
  const span = Object.assign(new FakeSpan(), { end: fail });
  trace.setGlobalTracerProvider(providerOf(span));
  const live = startSpan('import');
  expect(() => live.span.end()).toThrow(failure);
  expect(liveSpans()).toEqual([]);
});

test('what stands on Object.prototype has no say in what is replaced', () => {
  const { rows } = record();
  class Rows {
    load() {}
  }
  const oneRow = () => [7].values();
  let ends = 0;
  const end = () => void ends++;
  const own = Object.assign(new FakeSpan(), { end });
  const tracing = createTracing({ tracerProvider: providerOf(own) });
  const prototype = Object.prototype as { get?: unknown };
  prototype.get = 'which no accessor is';
  try {
    const live = startSpan('import');
    const task = traceTask(oneRow, { name: 'row', length: 1 } as never);
    for (const _ of live.run(task));
    live.end();
    (Traced() as (type: unknown) => void)(Rows);
    new Rows().load();
    tracing.startSpan('own').end();
  } finally {
    delete prototype.get;
  }
  expect(rows()).toEqual([{ name: 'row', parent: 'import' }, RETURNED, { name: 'Rows.load' }]);
  expect([own.end, ends]).toEqual([end, 1]);
  expect(reported).toEqual([]);
});
