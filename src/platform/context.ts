import {
  type Context,
  context,
  createContextKey,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  trace,
} from '@opentelemetry/api';
import { attempt, handleRejection, report } from './report.ts';

/** The API keeps the key of the active span to itself: it is learnt by watching the API use it. */
const SPAN_KEY: symbol | undefined = attempt('trace.setSpan()', () => {
  let learnt: symbol | undefined;
  const probe: Context = {
    getValue: () => undefined,
    setValue: (key) => ((learnt = key), probe),
    deleteValue: () => probe,
  };
  trace.setSpan(probe, trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
  return learnt;
});

/** Of a link, also of another copy's: what it differs from in the active span. */
const BASE = Symbol.for('oncespan.context-base');

/**
 * A context that differs from another one in the active span only. The API's own would copy the whole map for that.
 *
 * The link skips over contexts of this kind, whose span it hides anyway: a chain of them, in a job that re-schedules
 * itself for ever, would keep every span there ever was.
 */
class SpanContextLink implements Context {
  readonly [BASE]: Context;
  readonly #span: unknown;

  constructor(parent: Context, span: unknown) {
    this[BASE] = (parent as Partial<SpanContextLink>)[BASE] ?? parent;
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.#span : this[BASE].getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === SPAN_KEY) return new SpanContextLink(this, value);
    return new SpanContextLink(this[BASE].setValue(key, value), this.#span);
  }

  deleteValue(key: symbol): Context {
    const without = this[BASE].deleteValue(key);
    return key === SPAN_KEY ? without : new SpanContextLink(without, this.#span);
  }
}

/** `parent` with `span` as the active one. */
export function contextWithSpan(parent: Context, span: Span): Context {
  return SPAN_KEY === undefined ? trace.setSpan(parent, span) : new SpanContextLink(parent, span);
}

/** The active context, or the root one if the context manager fails. */
export function activeContext(): Context {
  try {
    const active = context.active() as Context | undefined;
    if (typeof active?.getValue === 'function') return active;
    // Perhaps a promise, which may reject.
    handleRejection('context.active()', active);
  } catch (error) {
    report('context.active() threw', error);
  }
  return ROOT_CONTEXT;
}

/** Whether a context manager works: the API does not tell whether one is registered, and complains about a second. */
export function hasContextManager(): boolean {
  const key = createContextKey('oncespan probe');
  const looks = () => activeContext().getValue(key) === true;
  return callInContext(ROOT_CONTEXT.setValue(key, true), looks, undefined, []);
}

let hasLooked = false;

/** A call that is made once, even if the context manager that is to make it throws, forgets to, or does so again later. */
export interface OneCall {
  readonly make: () => void;
  /** `undefined` until the function has returned or thrown. */
  threw: boolean | undefined;
  /** What it has returned or thrown. */
  answer: unknown;
}

/** A closure over the arguments, because managers pass `this` on by `bind`, which is several times dearer. */
export function oneCall(
  active: Context,
  fn: (...args: never[]) => unknown,
  self: unknown,
  args: ArrayLike<unknown>,
): OneCall {
  let isMade = false;
  const call: OneCall = {
    make() {
      if (isMade) return;
      isMade = true;
      try {
        if (!hasLooked) attempt('looking for a context manager', () => warnIfNotNesting(active));
        call.answer = Reflect.apply(fn, self, args as never[]);
        call.threw = false;
      } catch (error) {
        call.threw = true;
        call.answer = error;
      }
    },
    threw: undefined,
    answer: undefined,
  };
  return call;
}

/** Calls `fn` with `active` as the active context, now and once. */
export function callInContext<R>(
  active: Context,
  fn: (...args: never[]) => R,
  self: unknown,
  args: ArrayLike<unknown>,
): R {
  const call = oneCall(active, fn, self, args);
  try {
    handleRejection('context.with()', context.with(active, call.make));
  } catch (error) {
    report('context.with() threw', error);
  }
  call.make();
  if (call.threw) throw call.answer;
  return call.answer as R;
}

/** Spans of an application without a context manager never nest, and nothing else would say so. */
function warnIfNotNesting(active: Context): void {
  const span = trace.getSpan(active);
  if (span === undefined) return;
  hasLooked = true;
  if (trace.getSpan(activeContext()) === span) return;
  report(
    'spans will not nest: no context manager is registered; call startTracing(), or context.setGlobalContextManager()',
  );
}
