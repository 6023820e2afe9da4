import { context, diag, DiagLogLevel, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { LiveSpanInfo } from '../src/index.ts';
import { reported } from './harness.ts';

// What every test of this project promises to leave behind: nothing.

// What the library takes at import, before there is the clock of a test, goes by that clock all the same.
const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
globalThis.setTimeout = ((...args: [() => void]) =>
  (vi.isFakeTimers() ? globalThis.setTimeout : realSetTimeout)(...args)) as never;
globalThis.clearTimeout = ((...args: [never]) =>
  (vi.isFakeTimers() ? globalThis.clearTimeout : realClearTimeout)(...args)) as never;
await import('../src/platform/timer.ts');
Object.assign(globalThis, { setTimeout: realSetTimeout, clearTimeout: realClearTimeout });

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => void unhandled.push(reason);

/** Of all instances, and all copies of the library. */
function liveEverywhere(): LiveSpanInfo[] {
  const holders = (globalThis as Record<symbol, unknown>)[Symbol.for('oncespan.live-spans')];
  return Array.from((holders ?? []) as Iterable<Iterable<{ info(): LiveSpanInfo }>>).flatMap((spans) =>
    Array.from(spans, (live) => live.info()),
  );
}

beforeAll(() => {
  process.on('unhandledRejection', onUnhandled);
});

afterAll(() => {
  process.off('unhandledRejection', onUnhandled);
});

beforeEach(() => {
  // Timers only: spans keep real times.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  reported.length = 0;
  const hear = (...said: unknown[]) => void reported.push(said);
  diag.setLogger(
    { error: hear, warn: hear, info: () => {}, debug: () => {}, verbose: () => {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
});

afterEach(async () => {
  // An unhandled rejection is reported after the microtasks have run.
  await new Promise((resolve) => setImmediate(resolve));
  // Tests against real servers run on real time.
  const timers = vi.isFakeTimers() ? vi.getTimerCount() : 0;
  const left = { live: liveEverywhere(), timers, unhandled: unhandled.splice(0) };
  vi.useRealTimers();
  trace.disable();
  context.disable();
  diag.disable();
  expect(left).toEqual({ live: [], timers: 0, unhandled: [] });
});
