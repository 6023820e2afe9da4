import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { at, drawing, endedSpan, exported } from './drawing.ts';

const remoteParent = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  traceFlags: 1,
  isRemote: true,
});

describe('a trace is drawn when its local root has been exported', () => {
  test('and not before', () => {
    const { start, seen } = drawing({ width: 40 });
    const root = start('root', 0);
    start('child', 0, { parent: root }).end(at(1));
    expect(seen()).toBe('');
    root.end(at(1));
    expect(seen()).toBe(`\
trace 10000000000000000000000000000000
root      ████████████████████████  1 ms
└─ child  ████████████████████████  1 ms

`);
  });

  test('wherever in a batch it is, and however traces are mixed in it', async () => {
    const { exporter, seen } = drawing({ width: 40 });
    const other = (spanId: string, parentId?: string) => {
      const span = endedSpan(spanId, { ...(parentId !== undefined && { parentId }) });
      const spanContext = () => ({ ...span.spanContext(), traceId: '2'.padEnd(32, '0') });
      return { ...span, spanContext };
    };
    await exported(exporter, [
      other('request b'),
      endedSpan('request a'),
      other('query b', 'request b'),
      endedSpan('query a', { parentId: 'request a' }),
    ]);
    expect(seen()).toBe(`\
trace 20000000000000000000000000000000
request b   ██████████████████████  1 ms
└─ query b  ██████████████████████  1 ms

trace 10000000000000000000000000000000
request a   ██████████████████████  1 ms
└─ query a  ██████████████████████  1 ms

`);
  });

  test('a root whose parent is in another process is one', () => {
    const { start, seen } = drawing({ width: 40 });
    const root = start('handler', 0, { parent: remoteParent });
    start('query', 0, { parent: root }).end(at(1));
    root.end(at(1));
    expect(seen()).toBe(`\
trace aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
handler   ████████████████████████  1 ms
└─ query  ████████████████████████  1 ms

`);
  });

  test('a trace that comes back into the process has a picture for each of its local roots', () => {
    const { start, seen } = drawing({ width: 40 });
    const outer = start('test', 0);
    const fetch = start('fetch', 0, { parent: outer });
    const remote = trace.setSpanContext(ROOT_CONTEXT, { ...fetch.spanContext(), isRemote: true });
    start('handler', 0, { parent: remote }).end(at(1));
    expect(seen()).toBe(`\
trace 10000000000000000000000000000000
handler  █████████████████████████  1 ms

`);
    fetch.end(at(1));
    expect(seen()).toBe('');
    outer.end(at(1));
    expect(seen()).toBe(`\
trace 10000000000000000000000000000000
test      ████████████████████████  1 ms
└─ fetch  ████████████████████████  1 ms

`);
  });
});

test('children that come later are drawn as late, with those that waited for them', () => {
  const { start, seen } = drawing({ width: 80 });
  const root = start('POST /checkout', 0);
  const audit = start('audit', 0, { parent: root });
  const write = start('write', 1, { parent: audit });
  root.end(at(1));
  seen();
  write.end(at(2));
  expect(seen()).toBe('');
  audit.end(at(4));
  expect(seen()).toBe(`\
trace 10000000000000000000000000000000 · late spans of POST /checkout
audit     ████████████████████████████████████████████████████████████████  4 ms
└─ write                  ████████████████                                  1 ms

`);
  start('even later', 4, { parent: write }).end(at(5));
  expect(seen()).toBe(`\
trace 10000000000000000000000000000000 · late spans of POST /checkout
even later  ██████████████████████████████████████████████████████████████  1 ms

`);
});

test('late spans that arrive together with a local root are in its picture', async () => {
  const { exporter, seen } = drawing({ width: 40 });
  await exported(exporter, [endedSpan('request')]);
  seen();
  await exported(exporter, [endedSpan('second'), endedSpan('late', { parentId: 'request' })]);
  expect(seen()).toBe(`\
trace 10000000000000000000000000000000
second  ██████████████████████████  1 ms
late    ██████████████████████████  1 ms

`);
});

test('spans whose root never came are drawn at shutdown', async () => {
  const { start, provider, seen } = drawing({ width: 60 });
  const lost = start('never ends', 0);
  const child = start('child', 0, { parent: lost });
  start('grandchild', 0, { parent: child }).end(at(1));
  child.end(at(1));
  start('other', 0, { parent: start('never ends either', 0) }).end(at(1));
  await provider.forceFlush();
  expect(seen()).toBe('');
  await provider.shutdown();
  expect(seen()).toBe(`\
trace 10000000000000000000000000000000 · its root is missing
child          ███████████████████████████████████████  1 ms
└─ grandchild  ███████████████████████████████████████  1 ms

trace 20000000000000000000000000000000 · its root is missing
other  ███████████████████████████████████████████████  1 ms

`);
});

describe('memory is bounded', () => {
  const spanOf = (traceId: string, spanId: string, parentId?: string) => {
    const span = endedSpan(spanId, { ...(parentId !== undefined && { parentId }) });
    return { ...span, spanContext: () => ({ traceId, spanId, traceFlags: 1 }) };
  };

  test('no more than 5000 spans wait: the trace that has waited longest is drawn', async () => {
    const { exporter, seen } = drawing({ width: 60 });
    await exported(exporter, [spanOf('oldest', 'a', 'lost'), spanOf('oldest', 'b', 'lost')]);
    for (let i = 0; i < 4998; i++) await exported(exporter, [spanOf(`trace ${i}`, `${i}`, 'lost')]);
    expect(seen()).toBe('');
    await exported(exporter, [spanOf('youngest', 'c', 'lost')]);
    expect(seen()).toBe(`\
trace oldest · its root is missing
a  ███████████████████████████████████████████████████  1 ms
b  ███████████████████████████████████████████████████  1 ms

`);
    await exporter.shutdown();
    expect(seen().match(/^trace /gm)).toHaveLength(4999);
  });

  test('the names of the last 1000 traces are remembered', async () => {
    const { exporter, seen } = drawing({ width: 60 });
    await exported(exporter, [spanOf('first', 'root of first')]);
    await exported(exporter, [spanOf('second', 'root of second')]);
    for (let i = 0; i < 997; i++) await exported(exporter, [spanOf(`trace ${i}`, `root ${i}`)]);
    const links = ['first', 'second'].map((traceId) => ({ context: { traceId, spanId: '', traceFlags: 1 } }));
    const lookBack = async (traceId: string) => {
      seen();
      await exported(exporter, [{ ...spanOf(traceId, 'root'), links }]);
      return seen().match(/→.*/)?.[0];
    };
    expect(await lookBack('1000th')).toBe('→ linked to root of first (trace first), root of second…');
    expect(await lookBack('1001st')).toBe('→ linked to trace first, root of second (trace second)');
  });

  test('children of the last 20,000 spans are recognised as late', async () => {
    const { exporter, seen } = drawing({ width: 60 });
    const children = Array.from({ length: 19_998 }, (_, i) => spanOf('big', `${i}`, 'big root'));
    await exported(exporter, [spanOf('small', 'small root'), spanOf('big', 'big root'), ...children]);
    seen();
    await exported(exporter, [spanOf('small', 'late', 'small root')]);
    expect(seen()).toContain('trace small · late spans of small root\n');
    await exported(exporter, [spanOf('small', 'too late', 'small root')]);
    expect(seen()).toBe('');
    await exporter.shutdown();
    expect(seen()).toContain('trace small · its root is missing\n');
  });
});
