import { context, createContextKey, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { liveSpans, startSpan, Traced, traceTask, withSpan } from '../../src/index.ts';
import { recordSpans, type SpanMatchers, spanMatchers } from '../../src/testing/index.ts';
import { record } from '../harness.ts';

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void>, T> extends SpanMatchers<R> {}
}
expect.extend(spanMatchers);

class CardDeclined extends Error {
  override name = 'CardDeclined';
}

class Payments {
  @Traced({ attributes: (total: number) => ({ 'order.total': total, currency: 'EUR' }) })
  async charge(total: number): Promise<void> {
    await this.#authorise();
    if (total > 100) throw new CardDeclined('too much');
  }

  #authorise(): Promise<void> {
    return withSpan('authorise', async () => {});
  }
}

async function buy(): Promise<void> {
  await new Payments().charge(50);
  await new Payments().charge(500).catch(() => {});
}

/** What `only` complains about. */
function complaint(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    expect(error).toMatchObject({ name: 'AssertionError', code: 'ERR_ASSERTION', operator: 'only' });
    return (error as Error).message;
  }
  return 'no complaint';
}

describe('recordSpans()', () => {
  test('gives the spans in the order of their ends, and draws them in that of their starts', async () => {
    using spans = recordSpans();
    await buy();
    expect(spans.spans.map(({ name }) => name)).toEqual([
      'authorise',
      'Payments.charge',
      'authorise',
      'Payments.charge',
    ]);
    expect(spans.tree()).toBe(
      [
        'Payments.charge {order.total=50, currency="EUR"}',
        '  authorise',
        'Payments.charge ✗ CardDeclined: too much {order.total=500, currency="EUR"}',
        '  authorise',
        '',
      ].join('\n'),
    );
  });

  test('asserts the complete list', async () => {
    using spans = recordSpans();
    await buy();
    const fine = { name: 'Payments.charge', children: ['authorise'] };
    for (const error of ['CardDeclined', 'too much', 'CardDeclined: too much'])
      spans.only([fine, { ...fine, error, attributes: { 'order.total': 500 } }]);
    expect(
      complaint(() => spans.only([fine, { ...fine, attributes: { 'order.total': 5 } }, 'Mail.send'])),
    ).toBe(
      [
        'the spans are not those expected (- missing, + instead)',
        '',
        '  Payments.charge',
        '    authorise',
        '- Payments.charge {order.total=5}',
        '+ Payments.charge ✗ CardDeclined: too much {order.total=500}',
        '    authorise',
        '- Mail.send',
        '',
      ].join('\n'),
    );
    expect(complaint(() => spans.only([fine]))).toContain(
      '+ Payments.charge ✗ CardDeclined: too much\n+   authorise\n',
    );
    expect(complaint(() => spans.only([]))).toContain('+ Payments.charge\n+   authorise\n');
  });

  test('shows outcomes, live spans, and spans that were ended twice', () => {
    using spans = recordSpans();
    const signal = AbortSignal.abort(new CardDeclined('left'));
    traceTask((_signal: AbortSignal) => {}, 'aborted')(signal);
    const live = startSpan('open');
    expect(spans.live().map(({ name }) => name)).toEqual(['open']);
    expect(spans).toHaveLiveSpans();
    const twice = trace.getTracer('theirs').startSpan('twice', {}, ROOT_CONTEXT);
    twice.end();
    twice.end();
    expect(complaint(() => spans.only(['aborted', 'open', 'twice']))).toContain(
      [
        '- aborted',
        '- open',
        '- twice',
        '+ aborted ⊘ aborted ✗ CardDeclined: left',
        '+ open (live)',
        '+ twice (ended 2 times)',
      ].join('\n'),
    );
    live.end();
    expect(spans).not.toHaveLiveSpans();
    expect(liveSpans()).toEqual([]);
  });

  test('records nothing where tracing is suppressed', () => {
    using spans = recordSpans();
    const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
    context.with(ROOT_CONTEXT.setValue(suppressed, true), () => {
      withSpan('exporting', () => trace.getTracer('theirs').startSpan('request').end());
    });
    spans.only([]);
  });

  test('its spans obey the specification', () => {
    using spans = recordSpans();
    const tracer = trace.getTracer('theirs');
    tracer.startActiveSpan('parent', { attributes: { a: 1 } }, (span) => {
      span
        .setStatus({ code: SpanStatusCode.OK })
        .setStatus({ code: SpanStatusCode.ERROR })
        .updateName('renamed');
      span.addEvent('seen').setAttribute('b', 2).end();
      span.setAttribute('late', true).addEvent('late').updateName('late').recordException('late');
      tracer.startSpan('root', { root: true }).end();
      tracer.startSpan('child', { links: [{ context: span.spanContext() }] }).end();
    });
    const [parent, root, child] = spans.spans;
    expect(parent).toMatchObject({
      name: 'renamed',
      attributes: { a: 1, b: 2 },
      events: ['seen'],
      errors: [],
    });
    expect([parent!.status, parent!.isRecording()]).toEqual([{ code: SpanStatusCode.OK }, false]);
    expect(root!.spanContext().traceId).not.toBe(parent!.spanContext().traceId);
    expect(child!.spanContext().traceId).toBe(parent!.spanContext().traceId);
    expect(child!.links).toEqual([{ context: parent!.spanContext() }]);
    spans.only([{ name: 'renamed', children: ['child'] }, 'root']);
  });

  test('matchers say what is wrong in both directions', async () => {
    using spans = recordSpans();
    await buy();
    expect(() => expect(spans).toHaveOnlySpans([])).toThrow('+ Payments.charge');
    expect(spans).not.toHaveOnlySpans([]);
    expect(() => expect(spans).toHaveLiveSpans()).toThrow('every span has ended');
  });

  test('puts back what was registered before, and stops the recorder before it', async () => {
    const { rows } = record();
    const first = recordSpans();
    const second = recordSpans();
    withSpan('second', () => {});
    first.stop();
    withSpan('second again', () => {});
    second.stop();
    withSpan('theirs', () => {});
    first.only([]);
    second.only(['second', 'second again']);
    expect(rows()).toEqual([{ name: 'theirs' }]);
  });

  test('tracers that a module keeps record too, in every recorder, and go to the SDK in between', () => {
    const tracer = trace.getTracer('module');
    for (const name of ['first', 'second']) {
      using spans = recordSpans();
      withSpan(name, () => tracer.startActiveSpan('theirs', (span) => span.end()));
      spans.only([{ name, children: ['theirs'] }]);
    }
    tracer.startSpan('nowhere').end();
    const { rows } = record();
    tracer.startSpan('to the SDK').end();
    expect(rows()).toEqual([{ name: 'to the SDK' }]);
  });

  test('nothing passes for something else', () => {
    using spans = recordSpans();
    withSpan({ name: 'a ✗ boom', attributes: { count: NaN } }, (span) =>
      span.recordException(undefined as never),
    );
    withSpan('b\n  c', () => {});
    for (const expected of [
      [{ name: 'a', error: 'boom' }, 'b\n  c'],
      [{ name: 'a ✗ boom', attributes: { count: null as never } }, 'b\n  c'],
      ['a ✗ boom', { name: 'b', children: ['c'] }],
    ])
      expect(complaint(() => spans.only(expected))).toContain('the spans are not those expected');
    spans.only([{ name: 'a ✗ boom', attributes: { count: NaN } }, 'b\n  c']);
  });

  test('draws any value, and tells those apart that differ', () => {
    using spans = recordSpans();
    const circular: unknown[] = [];
    circular.push(circular);
    const odd = [1, 1n, 0, -0, NaN, null, '1', [1, '1'], { a: 1n }, new Date(0), new Error('x'), circular];
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const value of [...odd, proxy, Object.create(null)])
      trace
        .getTracer('test')
        .startSpan('odd', { attributes: { value: value as string } })
        .end();
    expect(spans.tree().trimEnd().split('\n')).toEqual(
      [
        '1',
        '1n',
        '0',
        '-0',
        'NaN',
        'null',
        '"1"',
        '[1, "1"]',
        'Object {a: 1n}',
        'Date 1970-01-01T00:00:00.000Z {}',
        'Error Error: x {}',
        '[[[[[[…]]]]]]',
        'a value that cannot be read',
        'Object {}',
      ].map((text) => `odd {value=${text}}`),
    );
  });

  test('an identity that a test makes up is of no recorded span', () => {
    using spans = recordSpans();
    const job = (traceId: string, spanId: string) => {
      const made = {
        traceId: traceId.repeat(32),
        spanId: spanId.padStart(16, '0'),
        traceFlags: 1,
        isRemote: true,
      };
      const parent = trace.setSpanContext(ROOT_CONTEXT, made);
      return trace.getTracer('test').startSpan('job', {}, parent);
    };
    const first = job('1', '1');
    job('1', '2').end();
    job('2', first.spanContext().spanId).end();
    first.end();
    spans.only(['job', 'job', 'job']);
  });

  test('brings a context manager when there is none, and nothing stays registered', () => {
    context.disable();
    {
      using spans = recordSpans();
      withSpan('outer', () => withSpan('inner', () => {}));
      spans.only([{ name: 'outer', children: ['inner'] }]);
    }
    expect(trace.setGlobalTracerProvider(record().provider)).toBe(false);
    trace.disable();
    using again = recordSpans();
    again.stop();
    const { provider } = record();
    trace.disable();
    expect(trace.setGlobalTracerProvider(provider)).toBe(true);
  });
});
