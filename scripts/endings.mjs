// Random endings against a model of the table in docs/endings.md that shares no line with the library: every kind of result, ended in
// every way, with every option that changes how that is written. `npm run endings -- <how many>`, a million by default.
// Prints the seed, which a second argument repeats.
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import Bluebird from 'bluebird';
import { from, Subject, take } from 'rxjs';
import { liveSpans, startSpan, traceTask } from '../dist/index.js';

const total = Number(process.argv[2] ?? 1e6);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
let state = seed;
/** mulberry32 */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pick = (list) => list[Math.floor(random() * list.length)];

const ended = new Map();
let doubled = 0;
const written = ({ status, attributes, events }) => ({
  status: status.code,
  error: attributes.error,
  type: attributes['error.type'],
  outcome: attributes['oncespan.outcome'],
  exceptions: events.length,
});
const processor = {
  onStart() {},
  onEnd(span) {
    if (ended.has(span.name)) doubled++;
    ended.set(span.name, written(span));
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));

const failure = new RangeError('failed');
const reason = new TypeError('aborted');
class Sub extends Promise {}
const fails = (how) => how === 'throws';
const settle = (how) => (fails(how) ? Promise.reject(failure) : Promise.resolve(7));

/** A kind of result: makes it for an ending, and uses it to that end. `hows`: the endings that it can have. */
const kinds = {
  value: {
    hows: ['returns', 'throws'],
    make: (how) => {
      if (fails(how)) throw failure;
      return 7;
    },
    use: (value) => value,
  },
  'async function': { hows: ['returns', 'throws'], make: async (how) => settle(how), use: (value) => value },
  promise: { hows: ['returns', 'throws'], make: settle, use: (value) => value },
  subclass: {
    hows: ['returns', 'throws'],
    make: (how) => new Sub((resolve, reject) => (fails(how) ? reject(failure) : resolve(7))),
    use: (value) => pick([(v) => v, (v) => v.then((x) => x), (v) => v.finally(() => {})])(value),
  },
  'with members': {
    hows: ['returns', 'throws'],
    make: (how) => Object.assign(settle(how), { cancel() {} }),
    use: (value) => value,
  },
  bluebird: {
    hows: ['returns', 'throws'],
    make: (how) => (fails(how) ? Bluebird.reject(failure) : Bluebird.resolve(7)),
    use: (value) => value,
  },
  lazy: {
    hows: ['returns', 'throws'],
    make: (how) => ({
      then: (ok, not) => settle(how).then(ok, not),
      catch: (not) => settle(how).catch(not),
      exec: () => settle(how),
      where() {
        return this;
      },
    }),
    use: (value) => pick([(v) => v, (v) => v.exec(), (v) => v.where(), (v) => v.then((x) => x)])(value),
  },
  generator: {
    hows: ['returns', 'throws', 'left'],
    *make(how) {
      yield 1;
      if (fails(how)) throw failure;
      yield 2;
    },
    use: (value, how) => {
      for (const _ of value) if (how === 'left') break;
      return 7;
    },
  },
  'async generator': {
    hows: ['returns', 'throws', 'left'],
    async *make(how) {
      yield 1;
      if (fails(how)) throw failure;
      yield 2;
    },
    use: async (value, how) => {
      for await (const _ of value) if (how === 'left') break;
      return 7;
    },
  },
  observable: {
    hows: ['returns', 'throws', 'left', 'unsubscribed'],
    make: (how) => {
      if (how === 'returns') return from([1, 2]);
      const subject = new Subject();
      const act = {
        throws: () => subject.error(failure),
        left: () => subject.next(1),
        unsubscribed: () => {},
      };
      queueMicrotask(act[how]);
      return subject.asObservable();
    },
    use: (value, how) =>
      new Promise((resolve, reject) => {
        const observer = { error: reject, complete: () => resolve(7) };
        const subscription = value.pipe(how === 'left' ? take(1) : take(9)).subscribe(observer);
        if (how === 'unsubscribed') queueMicrotask(() => resolve((subscription.unsubscribe(), 7)));
      }),
  },
};

const PLAIN = { status: 0, error: undefined, type: undefined, outcome: undefined, exceptions: 0 };

/** The table. */
function expected(how, { abort, cancellation, ignoreErrors }) {
  if (abort === 'before the call') {
    if (cancellation === 'unset' || ignoreErrors === TypeError) return { ...PLAIN, outcome: 'aborted' };
    return { status: 2, error: true, type: 'TypeError', outcome: 'aborted', exceptions: 1 };
  }
  if (how === 'unsubscribed') return { ...PLAIN, outcome: 'aborted' };
  if (how !== 'throws') return PLAIN;
  if (ignoreErrors === RangeError) return { ...PLAIN, outcome: 'ignored' };
  return { status: 2, error: true, type: 'RangeError', outcome: undefined, exceptions: 1 };
}

let mismatches = 0;
function check(what, seen, wanted) {
  if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
  if (mismatches++ < 10) console.log('MISMATCH', what, seen, wanted);
}

async function one(id) {
  const name = `${id}`;
  const kind = pick(Object.keys(kinds));
  const { hows, make, use } = kinds[kind];
  const how = pick(hows);
  const options = {
    abort: pick(['never', 'never', 'before the call', 'after it settled']),
    cancellation: pick(['error', 'unset']),
    ignoreErrors: pick([[], RangeError, TypeError]),
  };
  const { abort, ...taskOptions } = options;
  const controller = new AbortController();
  if (abort === 'before the call') controller.abort(reason);
  const task = traceTask(make, { ...taskOptions, name, flush: 'never', signal: () => controller.signal });
  const call =
    random() < 0.2
      ? traceTask((h) => task(h), { name: `${id} outer`, flush: 'never', covers: 'call' })
      : task;
  let result;
  try {
    result = await use(call(how), how);
  } catch (error) {
    result = error;
  }
  check([id, kind, how, 'result'], result === failure ? 'failure' : result, fails(how) ? 'failure' : 7);
  await null;
  if (abort === 'after it settled') controller.abort(reason);
  check([id, kind, how, options], ended.get(name), expected(how, options));
  ended.delete(name);
  ended.delete(`${id} outer`);
}

console.log(`seed ${seed}`);
const BATCH = 1000;
for (let id = 0; id < total; id += BATCH) {
  await Promise.all(Array.from({ length: Math.min(BATCH, total - id) }, (_, i) => one(id + i)));
  await new Promise((resolve) => setImmediate(resolve));
  if (id % 100_000 === 0) {
    using live = startSpan(`${id} manual`);
    live.run(() => {});
  }
  ended.clear();
}
await new Promise((resolve) => setImmediate(resolve));
console.log(
  `${total} random endings: ${mismatches} mismatches, ${doubled} doubled, ${liveSpans().length} live, heap ${(process.memoryUsage().heapUsed / 1e6).toFixed(0)} MB`,
);
process.exitCode = mismatches + doubled + liveSpans().length === 0 ? 0 : 1;
