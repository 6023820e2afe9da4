// What oncespan has to do on every host, the same everywhere: how each kind of work ends, who is whose child, what reaches
// the exporter. Imports nothing of any host's.

import { Traced, flush, liveSpans, startSpan, traceTask, withSpan } from 'oncespan';
import { endLiveSpans, SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
/** Of a message. Sentry reads a header of its own and not the W3C's. */
const HEADERS = { traceparent: TRACEPARENT, 'sentry-trace': `${TRACEPARENT.slice(3, -3)}-1` };

class Orders {
  async place(id) {
    return id;
  }
}

/** `name < parent: status outcome type`, without what a plain success has not. */
const EXPECTED = [
  'value',
  'throws: error E_CARD',
  'child < awaits',
  'grandchild < child',
  'later < awaits',
  'awaits',
  'rejects: error RangeError',
  'forgotten',
  'aborted: error aborted AbortError',
  'times out: error timed-out TimeoutError',
  'yields',
  'yields later',
  // A minifier renames the class.
  `${Orders.name}.place`,
  'block',
  'job < remote',
  'lazy',
  'live at the end: error shutdown shutdown',
];

/**
 * Starts tracing with the provider that `makeProvider` makes around a span processor, does everything once, stops, and
 * compares.
 *
 * @param options.sdk how a host starts and stops an SDK of its own: `(processor) => stop`. Default: `startTracing`
 * @param options.afterAwait whether a context is followed through an `await`
 * @returns what is not as it should be: nothing
 */
export async function misbehaviour(makeProvider, { sdk, afterAwait = true } = {}) {
  const problems = [];
  const check = (what, seen, expected) => {
    const [a, b] = [JSON.stringify(seen), JSON.stringify(expected)];
    if (a !== b) problems.push(`${what}: ${a}, expected ${b}`);
  };
  const spans = [];
  const exporter = {
    export(batch, answer) {
      spans.push(...batch);
      answer({ code: 0 });
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const processor = new SerialBatchSpanProcessor(exporter);
  const stop = await (sdk ?? startAndRelease(makeProvider))(processor);

  check('a value', traceTask((n) => n + 1, 'value')(1), 2);
  const error = Object.assign(new Error('declined'), { code: 'E_CARD' });
  check('a throw', caught(() => traceTask(() => fail(error), 'throws')()) === error, true);

  const grandchild = traceTask(async () => 1, 'grandchild');
  const child = traceTask(async () => (await grandchild()) + 1, 'child');
  const later = traceTask(async () => 1, 'later');
  const awaits = traceTask(async () => {
    const sum = await child();
    return sum + (await later());
  }, 'awaits');
  check('a promise', await awaits(), 3);
  check('a rejection', await rejection(traceTask(async () => fail(new RangeError('no')), 'rejects')()), 'no');

  void traceTask(async () => 1, 'forgotten')();
  const never = () => new Promise(() => {});
  const canAbort = typeof AbortController === 'function';
  if (canAbort) {
    const controller = new AbortController();
    traceTask((_signal) => never(), 'aborted')(controller.signal);
    controller.abort();
  }
  traceTask(never, { name: 'times out', timeoutMs: 5 })();
  await new Promise((resolve) => setTimeout(resolve, 50));

  const yields = traceTask(function* () {
    yield 1;
    yield 2;
  }, 'yields');
  check('a generator', Array.from(yields()), [1, 2]);
  const yieldsLater = traceTask(async function* () {
    yield 1;
    yield 2;
  }, 'yields later');
  for await (const value of yieldsLater()) {
    check('an async generator', value, 1);
    break;
  }

  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, 'place');
  Object.defineProperty(
    Orders.prototype,
    'place',
    Traced()(Orders.prototype, 'place', descriptor) ?? descriptor,
  );
  check('a method', await new Orders().place('1'), '1');
  check(
    'a block',
    withSpan('block', () => 3),
    3,
  );
  const job = traceTask((_message) => 4, { name: 'job', from: (message) => message.headers });
  check('a job', job({ headers: HEADERS }), 4);

  let runs = 0;
  const query = { then: (onReturned, onThrew) => (runs++, Promise.resolve(5).then(onReturned, onThrew)) };
  check('a lazy query', await traceTask(() => query, 'lazy')(), 5);
  check('its runs', runs, 1);

  check('a flush', await flush(), { status: 'flushed' });
  startSpan('live at the end');
  check(
    'what is live',
    liveSpans().map(({ name }) => name),
    ['live at the end'],
  );
  await stop();
  check('what is live after the end', liveSpans(), []);

  const expected = EXPECTED.filter((row) => canAbort || !row.startsWith('aborted')).map((row) =>
    afterAwait ? row : withoutContexts(row),
  );
  check('the spans', spans.map((span) => rowOf(span, spans)).sort(), [...expected].sort());
  return problems;
}

/** Of an SDK that the host has started by itself. */
export async function stopSdk(sdk) {
  endLiveSpans();
  await sdk.shutdown();
}

function startAndRelease(makeProvider) {
  return async (processor) => {
    const lease = await startTracing(() => makeProvider(processor), { signals: [] });
    return () => lease.release();
  };
}

/** A browser follows a context to where the call returns. */
function withoutContexts(row) {
  return row === 'later < awaits' ? 'later' : row;
}

function rowOf(span, all) {
  const { name, status, attributes, parentSpanContext } = span;
  const parent =
    parentSpanContext && all.find((other) => other.spanContext().spanId === parentSpanContext.spanId);
  const isRemote = parentSpanContext && TRACEPARENT.includes(parentSpanContext.spanId);
  const above = parent?.name ?? (isRemote ? 'remote' : parentSpanContext && 'unknown');
  const ending = [
    status.code === 2 ? 'error' : status.code === 1 ? 'ok' : '',
    attributes['oncespan.outcome'] ?? '',
    attributes['error.type'] ?? '',
  ].filter(Boolean);
  return name + (above ? ` < ${above}` : '') + (ending.length > 0 ? `: ${ending.join(' ')}` : '');
}

function fail(error) {
  throw error;
}

function caught(fn) {
  try {
    fn();
  } catch (error) {
    return error;
  }
}

async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error.message;
  }
}
