// The ways to put a span around a function that are compared: ours; *lean*, the best that people write by hand, with the
// tracer at module level and no second async layer; *floor*, less than what anybody could ship: no catch, no status, no check.

import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { finished, Readable } from 'node:stream';
import { finalize, Observable, of, tap } from 'rxjs';
import { Traced, traceTask } from 'oncespan';

export const AT_ONCE = 8;

/** Eight functions of one source: each is compiled by itself, so that no figure stands on a call site that knows one alone. */
export function eight(source, scope) {
  return Array.from({ length: AT_ONCE }, (_, i) =>
    new Function(...Object.keys(scope), `return ${source} // ${i}`)(...Object.values(scope)),
  );
}

/** What `@Traced()` does, without decorator syntax, which plain JavaScript lacks. */
function traced(type, ...options) {
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, 'call');
  Object.defineProperty(
    type.prototype,
    'call',
    Traced(...options)(type.prototype, 'call', descriptor) ?? descriptor,
  );
  return type;
}

/** A context that differs from its parent in the span: what an activation needs at the least. */
class Link {
  constructor(parent, key, span) {
    this.parent = parent;
    this.key = key;
    this.span = span;
  }
  getValue(key) {
    return key === this.key ? this.span : this.parent.getValue(key);
  }
  setValue(key, value) {
    return new Link(this, key, value);
  }
}
let spanKey;
trace.setSpan({ setValue: (key) => void (spanKey = key) }, undefined);

function fail(span, error) {
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}

const failure = new Error('sold out');
const scopeOf = (tracer) => ({
  tracer,
  context,
  Link,
  spanKey,
  fail,
  failure,
  Traced,
  traced,
  traceTask,
  finished,
  Readable,
  of,
  tap,
  finalize,
  Observable,
});

/** A query builder, as Knex has them: it runs when it is awaited. */
export class Query {
  constructor(id) {
    this.id = id;
  }
  then(onDone, onFailed) {
    return Promise.resolve(this.id).then(onDone, onFailed);
  }
}

const NAME = `'Orders.call'`;
const CATCH = `catch (error) { fail(span, error); throw error; } finally { span.end(); }`;
const leanAsync = (body, options = '') =>
  `class { call(id) { return tracer.startActiveSpan(${NAME}, ${options} async (span) => { try { ${body} } ${CATCH} }); } }`;
const leanWithSignal = (body) =>
  `class { call(signal, id) {
    return tracer.startActiveSpan('task', async (span) => {
      const onAbort = () => { fail(span, signal.reason); span.end(); };
      signal.addEventListener('abort', onAbort, { once: true });
      try { ${body} }
      catch (error) { if (!signal.aborted) fail(span, error); throw error; }
      finally { signal.removeEventListener('abort', onAbort); if (!signal.aborted) span.end(); }
    });
  } }`;
const leanSync = (body) =>
  `class { call(id) { return tracer.startActiveSpan(${NAME}, (span) => { try { ${body} } ${CATCH} }); } }`;
const floorAsync = (body) =>
  `class {
    async #run(id) { ${body} }
    call(id) {
      const parent = context.active();
      const span = tracer.startSpan(${NAME}, undefined, parent);
      return context.with(new Link(parent, spanKey, span), () => this.#run(id)).then((value) => { span.end(); return value; });
    }
  }`;
const floorSync = (body, onError = '') =>
  `class {
    #run(id) { ${body} }
    call(id) {
      const parent = context.active();
      const span = tracer.startSpan(${NAME}, undefined, parent);
      ${onError && 'try {'}
      const value = context.with(new Link(parent, spanKey, span), () => this.#run(id));
      span.end();
      return value;
      ${onError}
    }
  }`;
const ourMethod = (body, kind = '', options = '') =>
  `traced(class { ${kind} call(id) { ${body} } }, ${options})`;
const ourTask = (body, options) =>
  `class { call = traceTask(async (signal, id) => { ${body} }, { name: 'task', flush: 'never', ${options} }); }`;

const RETURN = 'return id;';
const THROW = 'throw failure;';
const ABORTABLE = `await new Promise((resolve) => signal.addEventListener('abort', resolve)); throw signal.reason;`;

/** Source by contestant, for each kind of ending and of returned value, and what a caller does with the answer. */
const kinds = {
  'async method': {
    ours: ourMethod(RETURN, 'async'),
    lean: leanAsync(RETURN),
    floor: floorAsync(RETURN),
    bare: `class { async call(id) { ${RETURN} } }`,
    use: (target, id) => target.call(id),
  },
  'async method that rejects': {
    ours: ourMethod(THROW, 'async'),
    lean: leanAsync(THROW),
    use: (target, id) => target.call(id).then(undefined, () => {}),
  },
  'async method with an attribute': {
    ours: ourMethod(RETURN, 'async', `{ attributes: (id) => ({ 'order.id': id }) }`),
    lean: leanAsync(RETURN, `{ attributes: { 'order.id': id } },`),
    use: (target, id) => target.call(id),
  },
  'sync method': {
    ours: ourMethod(RETURN),
    lean: leanSync(RETURN),
    floor: floorSync(RETURN),
    use: (target, id) => target.call(id),
  },
  'sync method that returns an object': {
    ours: ourMethod('return { id };'),
    lean: leanSync('return { id };'),
    floor: floorSync('return { id };'),
    use: (target, id) => target.call(id),
  },
  'sync method that throws': {
    ours: ourMethod(THROW),
    lean: leanSync(THROW),
    floor: floorSync(THROW, '} catch (error) { fail(span, error); span.end(); throw error; }'),
    use(target, id) {
      try {
        target.call(id);
      } catch {}
    },
  },
  'method that returns a thenable': {
    ours: ourMethod('return new Query(id);'),
    lean: leanAsync('return await new Query(id);'),
    use: async (target, id) => void (await target.call(id)),
  },
  generator: {
    ours: ourMethod('yield id; yield id;', '*'),
    lean: `class { *call(id) {
      const span = tracer.startSpan(${NAME});
      try { yield id; yield id; } ${CATCH}
    } }`,
    use(target, id) {
      for (const _ of target.call(id));
    },
  },
  'async generator': {
    ours: ourMethod('yield id; yield id;', 'async *'),
    lean: `class { async *call(id) {
      const span = tracer.startSpan(${NAME});
      try { yield id; yield id; } ${CATCH}
    } }`,
    async use(target, id) {
      for await (const _ of target.call(id));
    },
  },
  'observable (RxJS)': {
    ours: ourMethod('return of(id, id);'),
    lean: `class { call(id) {
      return new Observable((subscriber) => {
        const span = tracer.startSpan(${NAME});
        return of(id, id)
          .pipe(tap({ error: (error) => fail(span, error) }), finalize(() => span.end()))
          .subscribe(subscriber);
      });
    } }`,
    use: (target, id) => void target.call(id).subscribe(() => {}),
  },
  'stream (Node)': {
    ours: ourMethod('return new Readable({ read() { this.push(null); } });'),
    lean: `class { call(id) {
      return tracer.startActiveSpan(${NAME}, (span) => {
        const stream = new Readable({ read() { this.push(null); } });
        finished(stream, (error) => { if (error) fail(span, error); span.end(); });
        return stream;
      });
    } }`,
    use: (target, id) => new Promise((resolve) => target.call(id).on('close', resolve).resume()),
  },
  'task with a shared signal, one at a time': {
    ours: ourTask(RETURN, ''),
    lean: leanWithSignal(RETURN),
    floor: floorAsync(RETURN),
    use: (target, id, signal) => target.call(signal, id),
  },
  'task whose own signal aborts': {
    ours: ourTask(ABORTABLE, ''),
    lean: leanWithSignal(ABORTABLE),
    use(target, id) {
      const controller = new AbortController();
      const done = target.call(controller.signal, id).then(undefined, () => {});
      controller.abort(failure);
      return done;
    },
  },
  'task with a time limit': {
    ours: ourTask(RETURN, 'timeoutMs: 60_000'),
    lean: `class { call(signal, id) {
      return tracer.startActiveSpan('task', async (span) => {
        let isOver = false;
        const timer = setTimeout(() => { isOver = true; fail(span, failure); span.end(); }, 60_000).unref();
        try { ${RETURN} }
        catch (error) { if (!isOver) fail(span, error); throw error; }
        finally { clearTimeout(timer); if (!isOver) span.end(); }
      });
    } }`,
    use: (target, id) => target.call(undefined, id),
  },
};

/** @returns for each contestant of `kind`, what makes `calls` calls one after the other */
export function contest(kind, tracer, names) {
  const { use, ...sources } = kinds[kind];
  const { signal } = new AbortController();
  const round = (targets) => async (calls) => {
    for (let i = 0; i < calls; i++) {
      const answer = use(targets[i % AT_ONCE], i, signal);
      if (answer instanceof Promise) await answer;
    }
  };
  const scope = { ...scopeOf(tracer), Query };
  return Object.fromEntries(
    (names ?? Object.keys(sources))
      .filter((name) => name in sources)
      .map((name) => [name, round(eight(sources[name], scope).map((Type) => new Type()))]),
  );
}

export const kindNames = Object.keys(kinds);
