import { readFileSync } from 'node:fs';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { liveSpans, startSpan, withSpan } from '../src/index.ts';
import { record } from './harness.ts';
import { OK, serial, turn } from './sdk/held-exporter.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

test.each([
  ['specification', 'Requirement'],
  ['scenarios', 'Scenario'],
])('every row of docs/%s.md names a test that exists', (page, head) => {
  const tables = read(`../docs/${page}.md`).split('\n\n');
  const rows = tables
    .filter((table) => table.startsWith(`| ${head} |`) && /^.* Test \|$/m.test(table))
    .flatMap((table) => table.trimEnd().split('\n').slice(2));
  expect(rows.length).toBeGreaterThan(40);
  const missing = rows.filter((row) => {
    const cells = row.slice(1, -1).split('|');
    const named = cells.at(-1) ?? '';
    const [, file, name] = /^ (\S+): (.+) $/.exec(named) ?? [];
    const source = file === undefined ? '' : read(`${file}.test.ts`);
    // A property test's name goes on with its seed.
    const exists = source.includes(`'${name}'`) || source.includes(`\`${name} (SEED`);
    return !cells[0]?.trim() || !(exists || (page === 'scenarios' && named === ' – '));
  });
  expect(missing).toEqual([]);
});

test('the end of a parent leaves its children live', () => {
  const { rows } = record();
  const parent = startSpan('parent');
  const child = parent.run(() => startSpan('child'));
  parent.end();
  expect(liveSpans().map(({ name }) => name)).toEqual(['child']);
  child.end();
  expect(rows()).toEqual([{ name: 'parent' }, { name: 'child', parent: 'parent' }]);
});

test('a span that has ended can still be a parent', () => {
  const { rows } = record();
  const parent = startSpan('parent');
  parent.end();
  parent.run(() => {
    expect(trace.getActiveSpan()).toBe(parent.span);
    withSpan('child', () => {});
  });
  expect(rows()).toEqual([{ name: 'parent' }, { name: 'child', parent: 'parent' }]);
});

test('the status of work that returns stays unset; a description comes with ERROR only', () => {
  const { spans } = record();
  withSpan('returned', () => {});
  withSpan('confirmed', (span) => void span.setStatus({ code: SpanStatusCode.OK }));
  startSpan('failed').fail(new Error('refused'));
  expect(spans().map(({ status }) => status)).toEqual([
    { code: SpanStatusCode.UNSET },
    { code: SpanStatusCode.OK },
    { code: SpanStatusCode.ERROR, message: 'refused' },
  ]);
});

test('an exporter that has been shut down is given nothing more', async () => {
  const { exporter, processor, end } = serial({ maxExportBatchSize: 1 });
  end('a');
  const shutdown = processor.shutdown();
  end('b');
  await turn();
  exporter.exports[0]?.answer(OK);
  await shutdown;
  end('c');
  await expect(processor.forceFlush()).rejects.toThrow('2 spans were dropped: they ended after the shutdown');
  expect(exporter.batches).toEqual([['a']]);
});
