import {
  type Context,
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  trace,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { traceTask, withSpan } from '../src/index.ts';
import { record, reported } from './harness.ts';

const TENANT = createContextKey('tenant');
const REMOTE = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };

/** Reads a `trace` header of the form traceId-spanId. */
const propagator: TextMapPropagator = {
  inject: () => {},
  fields: () => ['trace'],
  extract: (parent, carrier, getter) => {
    const header = getter.get(carrier, 'trace') as string | undefined;
    const [traceId, spanId] = header?.split('-') ?? [];
    return traceId && spanId ? trace.setSpanContext(parent, { ...REMOTE, traceId, spanId }) : parent;
  },
};

beforeEach(() => void propagation.setGlobalPropagator(propagator));
afterEach(() => propagation.disable());

const job = (..._args: unknown[]) => 7;

test('relation: a child of the active span, a root, or a root linked to the active span', () => {
  const { rows, spans } = record();
  withSpan('parent', () => {
    withSpan({ name: 'child', relation: 'child' }, job);
    withSpan({ name: 'root', relation: 'root' }, () => withSpan('child of root', job));
    withSpan({ name: 'linked', relation: 'linked' }, job);
  });
  withSpan({ name: 'nothing to link to', relation: 'linked' }, job);
  expect(rows()).toEqual([
    { name: 'child', parent: 'parent' },
    { name: 'child of root', parent: 'root' },
    { name: 'root' },
    { name: 'linked', links: ['parent'] },
    { name: 'parent' },
    { name: 'nothing to link to' },
  ]);
  expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(4);
});

test('from: the call (default) or the wrap', () => {
  const { rows } = record();
  const tasks = withSpan('wrap', () => [
    traceTask(job, { name: 'of the call' }),
    traceTask(job, { name: 'of the wrap', from: 'wrap' }),
  ]);
  withSpan('call', () => tasks.forEach((task) => task()));
  expect(rows()).toEqual([
    { name: 'wrap' },
    { name: 'of the call', parent: 'call' },
    { name: 'of the wrap', parent: 'wrap' },
    { name: 'call' },
  ]);
});

test('from: a context, or a carrier; one that carries no trace makes a root, in the active context otherwise', () => {
  const { spans } = record();
  const seen: unknown[] = [];
  const task = traceTask(
    (_headers: Context | Record<string, unknown> | undefined) =>
      void seen.push(context.active().getValue(TENANT)),
    {
      from: (headers) => headers,
    },
  );
  const remote = trace.setSpanContext(ROOT_CONTEXT, REMOTE);
  withSpan('consumer', () =>
    context.with(context.active().setValue(TENANT, 'acme'), () => {
      task({ trace: `${'c'.repeat(32)}-${'d'.repeat(16)}` });
      task({ unrelated: 'header' });
      task(remote);
      task(undefined);
    }),
  );
  expect(spans().map((span) => span.parentSpanContext?.spanId)).toEqual([
    'd'.repeat(16),
    undefined,
    'b'.repeat(16),
    undefined,
    undefined,
  ]);
  expect(seen).toEqual(['acme', 'acme', undefined, 'acme']);
});

test('from: nonsense is reported, and the call is a root', () => {
  const { rows } = record();
  withSpan('parent', () => traceTask(job, { name: 'task', from: () => 'nonsense' as never })());
  expect(rows()).toEqual([{ name: 'task' }, { name: 'parent' }]);
  expect(reported).toEqual([['oncespan: option "from" answered \'nonsense\'; give a Context or headers']]);
});

test('the context of a span is the active one but for the span', () => {
  record();
  const outside = context.active().setValue(TENANT, 'acme');
  context.with(outside, () =>
    withSpan('parent', (parent) =>
      withSpan('child', (child) => {
        const inside = context.active();
        expect(inside.getValue(TENANT)).toBe('acme');
        expect(trace.getSpan(inside)).toBe(child);
        const changed = inside.setValue(TENANT, 'other');
        expect([changed.getValue(TENANT), trace.getSpan(changed)]).toEqual(['other', child]);
        expect([
          inside.deleteValue(TENANT).getValue(TENANT),
          trace.getSpan(inside.deleteValue(TENANT)),
        ]).toEqual([undefined, child]);
        expect(trace.getSpan(trace.setSpan(inside, parent))).toBe(parent);
        expect(trace.getSpan(trace.deleteSpan(inside))).toBeUndefined();
        expect(trace.deleteSpan(inside).getValue(TENANT)).toBe('acme');
      }),
    ),
  );
});

test('a job that re-schedules itself for ever does not keep its ancestors’ spans', async () => {
  const { spans } = record();
  const ancestors: WeakRef<object>[] = [];
  let last: Context | undefined;
  const again = traceTask(
    async (): Promise<void> => {
      ancestors.push(new WeakRef(trace.getActiveSpan()!));
      if (ancestors.length < 100) setImmediate(again);
      else last = context.active();
    },
    { flush: 'never' },
  );
  await again();
  while (last === undefined) await new Promise((resolve) => setImmediate(resolve));
  spans().length = 0;
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc!();
  }
  expect(trace.getSpan(last)).toBeDefined();
  expect(ancestors.filter((span) => span.deref() !== undefined).length).toBeLessThan(5);
});

test('a carrier without a propagator to read it makes a root, and is reported once', () => {
  propagation.disable();
  const { rows } = record();
  const task = traceTask(() => {}, { name: 'task', from: () => ({ trace: 'x' }) });
  task();
  task();
  expect(rows()).toEqual([{ name: 'task' }, { name: 'task' }]);
  expect(reported).toEqual([[expect.stringContaining('needs a propagator')]]);
});
