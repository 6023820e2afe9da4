import { type Attributes, type Exception, SpanStatusCode } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seed } from '../harness.ts';
import { type EndedSpan, WaterfallSpanExporter } from '../../src/console/index.ts';
import { formatDuration } from '../../src/console/duration.ts';
import { textWidth } from '../../src/console/text.ts';
import { at, drawing, endedSpan, exported } from './drawing.ts';

const DECLINED = { name: 'CardDeclined', message: 'insufficient funds' };

/** A request as it might be: nested work, an error that travels up, an abort. */
function checkout(options: Parameters<typeof drawing>[0]) {
  const { start, seen } = drawing(options);
  const root = start('POST /checkout', 0);
  const cart = start('CartService.load', 8, { parent: root });
  start('redis GET cart:42', 9, { parent: cart }).end(at(9.82));
  cart.end(at(31));
  const payment = start('PaymentService.charge', 415, { parent: root });
  const call = start('POST api.stripe.com/v1/charges', 420, { parent: payment });
  for (const [span, ms] of [
    [call, 1180],
    [payment, 1190],
  ] as const) {
    span.recordException(DECLINED);
    span.setStatus({ code: SpanStatusCode.ERROR, message: DECLINED.message });
    span.end(at(ms));
  }
  const mail = start('MailService.prepare', 600, { parent: root });
  mail.setAttribute('oncespan.outcome', 'aborted');
  mail.setStatus({ code: SpanStatusCode.ERROR, message: 'the client went away' });
  mail.end(at(1201));
  root.end(at(1240));
  return seen();
}

describe('one trace, one picture', () => {
  test('on a terminal of the usual width', () => {
    expect(checkout({ width: 80 })).toBe(`\
trace 10000000000000000000000000000000
POST /checkout                        ██████████████████████████████████  1.24 s
├─ CartService.load                   █                                    23 ms
│  └─ redis GET cart:42               ▌                                   820 µs
├─ PaymentService.charge                         ▐████████████████████▌   775 ms
│  │  ✗ CardDeclined: insufficient funds
│  └─ POST api.stripe.com/v1/charges             ▐████████████████████▌   760 ms
│        ✗ CardDeclined: insufficient funds
└─ MailService.prepare                                ▐████████████████   601 ms
      ⊘ aborted: the client went away

`);
  });

  test('on a narrow one, which shows names and durations', () => {
    expect(checkout({ width: 30 })).toBe(`\
trace 10000000
POST /checkout          1.24 s
├─ CartService.load      23 ms
│  └─ redis GET cart:…  820 µs
├─ PaymentService.cha…  775 ms
│  │  ✗ CardDeclined: insuffi…
│  └─ POST api.stripe…  760 ms
│        ✗ CardDeclined: insu…
└─ MailService.prepare  601 ms
      ⊘ aborted: the client w…

`);
  });

  test('on the narrowest', () => {
    expect(checkout({ width: 20 })).toBe(`\
trace 10000000
POST /check…  1.24 s
├─ CartServ…   23 ms
│  └─ redis…  820 µs
├─ PaymentS…  775 ms
│  │  ✗ CardDecline…
│  └─ POST…   760 ms
…     ✗ CardDecline…
└─ MailServ…  601 ms
      ⊘ aborted: th…

`);
  });

  test('in colour', () => {
    const { start, seen } = drawing({ color: true, width: 40 });
    const root = start('root', 0);
    const broken = start('broken', 0, { parent: root });
    broken.setStatus({ code: SpanStatusCode.ERROR, message: 'no' });
    broken.end(at(1));
    root.end(at(1));
    const [dim, red, cyan, plain] = ['\x1b[2m', '\x1b[31m', '\x1b[36m', '\x1b[0m'];
    const bar = '█'.repeat(23);
    expect(seen()).toBe(`\
${dim}trace 10000000000000000000000000000000${plain}
root       ${cyan}${bar}${plain}  1 ms
${dim}└─ ${plain}${red}broken${plain}  ${red}${bar}${plain}  1 ms
${dim}      ${plain}${red}✗ no${plain}

`);
  });
});

describe('how a span ended', () => {
  const ERROR = { code: SpanStatusCode.ERROR };
  const failed = { name: 'TypeError', message: 'x is not a function' };
  const cases: [string, EndedSpan['status'], Attributes, Exception[], string][] = [
    ['a success is not mentioned', { code: SpanStatusCode.OK }, {}, [], ''],
    ['an exception that was survived neither', { code: SpanStatusCode.UNSET }, {}, [failed], ''],
    ['an error', { ...ERROR, message: 'gone' }, {}, [failed], '✗ TypeError: gone'],
    ['the message of the exception', ERROR, {}, [failed], '✗ TypeError: x is not a function'],
    ['the last of several', ERROR, {}, [failed, DECLINED], '✗ CardDeclined: insufficient funds'],
    ['only a type', ERROR, { 'error.type': 'ECONNRESET' }, [], '✗ ECONNRESET'],
    ['a message that is the type', { ...ERROR, message: 'Error' }, { 'error.type': 'Error' }, [], '✗ Error'],
    ['nothing but the status', ERROR, {}, [], '✗ error'],
    ['attributes that are no text', ERROR, { 'error.type': 5, 'oncespan.outcome': [''] }, [], '✗ error'],
    ['time out', { ...ERROR, message: 'late' }, { 'oncespan.outcome': 'timed-out' }, [], '✗ timed-out: late'],
    ['shutdown', ERROR, { 'oncespan.outcome': 'shutdown', 'error.type': 'shutdown' }, [], '✗ shutdown'],
    ['an abort', { ...ERROR, message: 'left' }, { 'oncespan.outcome': 'aborted' }, [], '⊘ aborted: left'],
    [
      'an abort that is no error',
      { code: SpanStatusCode.UNSET },
      { 'oncespan.outcome': 'aborted' },
      [{ name: 'AbortError', message: 'left' }],
      '⊘ aborted: left',
    ],
    ['abandoned', { code: SpanStatusCode.UNSET }, { 'oncespan.outcome': 'abandoned' }, [], '⊘ abandoned'],
  ];
  test.each(cases)('%s', (_what, status, attributes, exceptions, note) => {
    const { start, seen } = drawing();
    const span = start('work', 0);
    span.setStatus(status).setAttributes(attributes);
    for (const exception of exceptions) span.recordException(exception);
    span.end(at(1));
    expect(seen().split('\n').slice(2)).toEqual(note === '' ? ['', ''] : [`   ${note}`, '', '']);
  });
});

describe('what a span is linked to', () => {
  test('a trace that was drawn has a name, another one only its id; each is named once', () => {
    const { start, seen } = drawing({ width: 80 });
    const first = start('POST /checkout', 0);
    const second = start('still running', 0);
    const links = [first, first, second].map((span) => ({ context: span.spanContext() }));
    first.end(at(1));
    seen();
    start('send-receipt', 1, { links }).end(at(2));
    expect(seen()).toBe(`\
trace 30000000000000000000000000000000
send-receipt  ████████████████████████████████████████████████████████████  1 ms
   → linked to POST /checkout (trace 10000000), trace 20000000

`);
    second.end(at(3));
  });

  test('a message that continues the trace of its producer is linked to it, too', async () => {
    const { exporter, seen } = drawing({ width: 40 });
    const [traceId, parent, other] = ['1'.repeat(32), '2'.repeat(16), '3'.repeat(16)];
    const links = [parent, other].map((spanId) => ({ context: { traceId, spanId, traceFlags: 1 } }));
    const parentSpanContext = { traceId, spanId: parent, traceFlags: 1, isRemote: true };
    const ids = () => ({ traceId, spanId: '4'.repeat(16), traceFlags: 1 });
    await exported(exporter, [endedSpan('job', { links, parentSpanContext, spanContext: ids })]);
    expect(seen().split('\n')[2]).toBe('   → linked to its parent, its own trace');
  });

  test('hundreds of links take one line', async () => {
    const { exporter, seen } = drawing({ width: 40 });
    const links = Array.from({ length: 300 }, (_, i) => ({
      context: { traceId: `${i}`.padStart(8, '0'), spanId: '1', traceFlags: 1 },
    }));
    await exported(exporter, [endedSpan('batch', { links })]);
    expect(seen()).toBe(`\
trace 10000000000000000000000000000000
batch  ███████████████████████████  1 ms
   → linked to trace 00000000, trace 00…

`);
  });
});

describe('strange spans', () => {
  test('text cannot control the terminal, and wide characters take two cells', () => {
    const { start, seen } = drawing({ width: 40 });
    const root = start('\x1b[2J\x1b]0;title\x07red\x1b[31m\r\nalert\x07\x9b', 0);
    start('注文を確定する', 0, { parent: root }).end(at(1));
    start('👩‍👩‍👧 family', 0, { parent: root }).end(at(1));
    start('e\u0301te\u0301 \u202eevil\u202c', 0, { parent: root }).end(at(1));
    start('名前が長すぎて入らない', 0, { parent: root }).end(at(1));
    const unnamed = start('\t\n', 0, { parent: root });
    unnamed.setStatus({ code: SpanStatusCode.ERROR, message: 'line one\n\x1b[31mline two\u2028three' });
    unnamed.end(at(1));
    root.end(at(1));
    expect(seen()).toBe(`\
trace 10000000000000000000000000000000
red alert��         ██████████████  1 ms
├─ 注文を確定する   ██████████████  1 ms
├─ 👩‍👩‍👧 family        ██████████████  1 ms
├─ e\u0301te\u0301 evil         ██████████████  1 ms
├─ 名前が長すぎて…  ██████████████  1 ms
└─ (unnamed)        ██████████████  1 ms
      ✗ line one line two three

`);
  });

  test('a megabyte of name is one line', async () => {
    const { exporter, seen } = drawing({ width: 40 });
    await exported(exporter, [endedSpan('1', { name: 'long '.repeat(200_000) })]);
    expect(seen()).toBe(`\
trace 10000000000000000000000000000000
long long long lo…  ██████████████  1 ms

`);
  });

  test('spans without their parent are roots, and a cycle is broken at its earliest', async () => {
    const { exporter, seen } = drawing({ width: 40 });
    await exported(exporter, [
      endedSpan('b', { parentId: 'a', startTime: at(0.5) }),
      endedSpan('a', { parentId: 'b' }),
      endedSpan('itself', { parentId: 'itself' }),
      endedSpan('lost', { parentId: 'nowhere', startTime: at(0.5) }),
      endedSpan('root'),
    ]);
    expect(seen()).toBe(
      `\
trace 10000000000000000000000000000000
root    ████████████████████████    1 ms
lost                ████████████  500 µs
a       ████████████████████████    1 ms
└─ b                ████████████  500 µs
itself  ████████████████████████    1 ms

`,
    );
  });

  test('clocks that stand still, go backwards or differ', async () => {
    const still = drawing({ width: 40 });
    await exported(still.exporter, [endedSpan('root', { endTime: at(0) })]);
    expect(still.seen()).toBe(`\
trace 10000000000000000000000000000000
root  ▌                             0 ms

`);
    const skewed = drawing({ width: 40 });
    await exported(skewed.exporter, [
      endedSpan('before', { parentId: 'root', startTime: at(0), endTime: at(5) }),
      endedSpan('backwards', { parentId: 'root', startTime: at(15), endTime: at(12) }),
      endedSpan('at the end', { parentId: 'root', startTime: at(20), endTime: at(20) }),
      endedSpan('root', { startTime: at(10), endTime: at(20) }),
    ]);
    expect(skewed.seen()).toBe(`\
trace 10000000000000000000000000000000
root                    █████████  10 ms
├─ before      ████▌                5 ms
├─ backwards                ▐       0 ms
└─ at the end                   ▐   0 ms

`);
  });

  test('a chain deeper than the stack', async () => {
    const { exporter, seen } = drawing({ width: 40 });
    const chain = Array.from({ length: 12_000 }, (_, i) =>
      endedSpan(`${i}`, i === 0 ? {} : { parentId: `${i - 1}` }),
    );
    expect(await exported(exporter, chain)).toEqual({ code: 0 });
    const lines = seen().trimEnd().split('\n');
    expect(lines).toHaveLength(12_001);
    expect(lines.at(-1)).toBe('…         └─ 11999  ██████████████  1 ms');
  });

  test(`whatever comes, every span has its row and no line is too wide (SEED=${seed})`, async () => {
    const time = fc.tuple(fc.integer({ min: -10, max: 2e9 }), fc.integer({ min: 0, max: 1e9 - 1 }));
    const id = fc.integer({ min: 0, max: 8 }).map(String);
    const span = fc.record({
      name: fc.string({ unit: 'grapheme' }),
      parent: fc.option(id, { nil: undefined }),
      message: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
      startTime: time,
      endTime: time,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(span), fc.integer({ min: 20, max: 90 }), async (spans, width) => {
        let written = '';
        const stream = { write: (text: string) => void (written += text) };
        const exporter = new WaterfallSpanExporter({ stream, width, color: false });
        const ended = spans.map(({ name, parent, message, ...times }, i) =>
          endedSpan(`${i}`, {
            ...times,
            name: `<${name}`,
            ...(parent !== undefined && { parentId: parent }),
            ...(message !== undefined && { status: { code: 2, message: `<${message}` } }),
          }),
        );
        expect(await exported(exporter, ended)).toEqual({ code: 0 });
        await exporter.shutdown();
        const lines = written.split('\n');
        expect(lines.filter((line) => textWidth(line) > width)).toEqual([]);
        expect(lines.filter((line) => / \d\S* (ns|µs|ms|s|min|h)$/.test(line))).toHaveLength(spans.length);
      }),
      { numRuns: 100, seed },
    );
  });
});

test.each([
  [0, '0 ms'],
  [999, '999 ns'],
  [820_000, '820 µs'],
  [999_600, '1 ms'],
  [12_345_678, '12.3 ms'],
  [1_240_000_000, '1.24 s'],
  [59_990_000_000, '1 min'],
  [125_000_000_000, '2.08 min'],
  [12_000_000_000_000, '3.33 h'],
  [1_700_000_000e9, '472000 h'],
  [Infinity, '∞'],
  [NaN, '∞'],
])('%d ns is %s', (nanoseconds, shown) => {
  expect(formatDuration(nanoseconds)).toBe(shown);
});
