// A registry of modules that is reset loads a second copy: what copies share, they have to agree on (docs/hosts.md).
import { expect, jest, test } from '@jest/globals';
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import type * as core from 'oncespan';
import type * as sdk from 'oncespan/sdk';
import type * as testing from 'oncespan/testing';

interface Copy {
  core: typeof core;
  sdk: typeof sdk;
  testing: typeof testing;
}

const load = (): Copy => ({
  core: require('oncespan'),
  sdk: require('oncespan/sdk'),
  testing: require('oncespan/testing'),
});

function reload(): Copy {
  jest.resetModules();
  return load();
}

function isolated(): Copy {
  let copy: Copy | undefined;
  jest.isolateModules(() => {
    copy = load();
  });
  return copy!;
}

for (const again of [reload, isolated]) {
  test(`${again.name}: a shutdown of either ends what is live in both`, async () => {
    const first = load();
    const second = again();
    expect(second.core.startSpan).not.toBe(first.core.startSpan);
    for (const [starter, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const ended: string[] = [];
      const exporter = {
        export(spans: ReadableSpan[], answer: (result: { code: number }) => void) {
          ended.push(...spans.map(({ name }) => name));
          answer({ code: 0 });
        },
        shutdown: async () => {},
      };
      const processor = new starter.sdk.SerialBatchSpanProcessor(exporter);
      const build = () => new TracerProvider({ spanProcessors: [processor] });
      const lease = await starter.sdk.startTracing(build, { signals: [] });
      starter.core.startSpan('of the starter');
      other.core.traceTask(() => new Promise(() => {}), 'of the other')();
      await other.core.flush();
      expect(ended).toEqual([]);
      await lease.release();
      expect(ended.sort()).toEqual(['of the other', 'of the starter']);
    }
  });

  test(`${again.name}: the newest recorder records what either does`, async () => {
    const first = load();
    first.testing.recordSpans();
    const second = again();
    const spans = second.testing.recordSpans();
    await first.core.traceTask(async () => second.core.withSpan('inner', () => 1), 'outer')();
    spans.only([{ name: 'outer', children: ['inner'] }]);
    const later = first.testing.recordSpans();
    second.core.withSpan('second', () => {});
    first.core.withSpan('first', () => {});
    later.only(['second', 'first']);
    expect(later.live()).toEqual([]);
    later.stop();
  });

  test(`${again.name}: matchers of one compare what the other has recorded`, () => {
    const { spanMatchers } = load().testing;
    const spans = again().testing.recordSpans();
    try {
      expect(spanMatchers.toHaveOnlySpans(spans, ['other']).pass).toBe(false);
    } finally {
      spans.stop();
    }
  });
}
