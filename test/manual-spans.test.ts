import { type Span, trace } from '@opentelemetry/api';
import { describe, expect, test, vi } from 'vitest';
import { liveSpans, startSpan, withSpan } from '../src/index.ts';
import { record, turn, unhandledDuring } from './harness.ts';

// Spans in hand: what `using` makes of what `run` did, and who else can end them. (Dropped ones: abandoned.test.ts.)

const failure = new TypeError('row 7 is bad');
const RETURNED = { name: 'import' };
const THREW = {
  name: 'import',
  status: 'ERROR row 7 is bad',
  attributes: { error: true, 'error.type': 'TypeError' },
  exceptions: ['TypeError: row 7 is bad'],
};
const fail = () => {
  throw failure;
};

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

test('what run returns is what fn returns', async () => {
  record();
  using live = startSpan('import');
  const thenable = { then: () => {} };
  expect(live.run(() => thenable)).toBe(thenable);
  expect(await live.run(async () => withSpan('row', () => 7))).toBe(7);
});

test('a span is ended once, also one that would let itself be ended again', () => {
  const span = {
    end: vi.fn(),
    isRecording: () => true,
    spanContext: () => ({ traceId: '1', spanId: '1', traceFlags: 1 }),
    setAttributes: vi.fn(),
    setStatus: vi.fn(),
    recordException: vi.fn(),
  };
  trace.setGlobalTracerProvider({
    getTracer: () => ({ startSpan: () => span as unknown as Span, startActiveSpan: vi.fn() }),
  });
  const end = span.end;
  const live = startSpan('import');
  live.end();
  live.end();
  live.fail(failure);
  expect(end).toHaveBeenCalledTimes(1);
  expect(span.setStatus).not.toHaveBeenCalled();
  expect(span.recordException).not.toHaveBeenCalled();
});
