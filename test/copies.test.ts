import { context, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type * as core from '../src/index.ts';
import type * as sdk from '../src/sdk/index.ts';
import { type Deferred, deferred, record, turn } from './harness.ts';

// What two copies of this library have to agree on in one process: the contract of docs/hosts.md.

type Copy = typeof core & typeof sdk;

async function load(): Promise<Copy> {
  vi.resetModules();
  return { ...(await import('../src/index.ts')), ...(await import('../src/sdk/index.ts')) };
}

let one: Copy;
let other: Copy;

beforeEach(async () => {
  one = await load();
  other = await load();
  expect(one.traceTask).not.toBe(other.traceTask);
});

afterEach(() => {
  expect([...one.liveSpans(), ...other.liveSpans()]).toEqual([]);
});

const method = (prototype: object, key: string) => Object.getOwnPropertyDescriptor(prototype, key)!;

test('share what the contract names, and nothing else', () => {
  const names = Object.getOwnPropertySymbols(globalThis).map((symbol) => Symbol.keyFor(symbol) ?? '');
  expect(names.filter((name) => name.startsWith('oncespan.')).sort()).toEqual([
    'oncespan.flush-groups',
    'oncespan.live-spans',
    'oncespan.own-spans',
    'oncespan.processor-numbers',
    'oncespan.provider-call',
    'oncespan.providers',
    'oncespan.traced-members',
    'oncespan.untraced-members',
  ]);
});

test('a method and its class, decorated by one each, make one span', () => {
  const { rows } = record();
  class Orders {
    place(): void {}
    check(): void {}
  }
  const { prototype } = Orders;
  const place = method(prototype, 'place');
  Object.defineProperty(prototype, 'place', one.Traced()(prototype, 'place', place as never) ?? place);
  one.Untraced()(prototype, 'check', method(prototype, 'check') as never);
  other.Traced()(Orders);
  new Orders().place();
  new Orders().check();
  expect(rows()).toEqual([{ name: 'Orders.place' }]);
});

test('passes over a provider do not overlap, and are shared by whoever asks', async () => {
  const { provider } = record();
  const passes: Deferred<void>[] = [];
  vi.spyOn(provider, 'forceFlush').mockImplementation(() => {
    const pass = deferred();
    passes.push(pass);
    return pass.promise;
  });
  const results = [one, other, one, other].map((copy) => copy.flush({ timeoutMs: 1e9 }));
  const impatient = other.flush({ timeoutMs: 1 });
  vi.advanceTimersByTime(1);
  expect(await impatient).toEqual({ status: 'timed-out' });
  expect(passes).toHaveLength(1);
  passes[0]!.resolve();
  expect(await results[0]).toEqual({ status: 'flushed' });
  expect(passes).toHaveLength(2);
  passes[1]!.reject(new Error('refused'));
  const failed = { status: 'failed', error: new Error('refused') };
  expect(await Promise.all(results)).toEqual([{ status: 'flushed' }, failed, failed, failed]);
  await turn();
  expect(passes).toHaveLength(2);
});

test('a lease of one is of the provider that the other has built, and the last release ends what is live in both', async () => {
  const { provider, rows } = record();
  trace.disable();
  const build = vi.fn(() => provider);
  const lease = await one.startTracing(build, { signals: [] });
  const again = await other.startTracing(build, { signals: [] });
  expect(build).toHaveBeenCalledTimes(1);
  one.startSpan('of one');
  other.startSpan('of the other');
  await lease.release();
  expect(rows()).toEqual([]);
  await again.release();
  expect(rows().map(({ name, status }) => [name, status])).toEqual([
    ['of the other', 'ERROR still live at the shutdown'],
    ['of one', 'ERROR still live at the shutdown'],
  ]);
});

test('contexts of both do not chain: a job that re-schedules itself for ever keeps none of them', () => {
  record();
  const outside = context.active();
  const seen: unknown[] = [];
  const dive = (depth: number): void => {
    const base = Symbol.for('oncespan.context-base');
    if (depth > 0) seen.push((context.active() as unknown as Record<symbol, unknown>)[base]);
    if (depth < 4) (depth % 2 === 0 ? one : other).withSpan('nested', () => dive(depth + 1));
  };
  dive(0);
  expect(seen).toEqual([outside, outside, outside, outside]);
});

test('a recorder of one is for the matchers of the other, and what it left live is no parent in the next', async () => {
  vi.resetModules();
  const { recordSpans, spanMatchers } = await import('../src/testing/index.ts');
  vi.resetModules();
  const next = await import('../src/testing/index.ts');
  using before = recordSpans();
  const left = one.startSpan('left live');
  expect(next.spanMatchers.toHaveOnlySpans(before, []).pass).toBe(false);
  expect(next.spanMatchers.toHaveOnlySpans(before, ['left live']).pass).toBe(false);
  using spans = next.recordSpans();
  left.run(() => other.withSpan('of the next', () => {}));
  expect(spanMatchers.toHaveOnlySpans(spans, ['of the next']).pass).toBe(true);
  left.end();
});

test('settings are each copy’s own', () => {
  const { rows } = record();
  one.configure({ attributes: { team: 'orders' } });
  one.withSpan('of one', () => {});
  other.withSpan('of the other', () => {});
  expect(rows()).toEqual([{ name: 'of one', attributes: { team: 'orders' } }, { name: 'of the other' }]);
});
