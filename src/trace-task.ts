import type { Context } from '@opentelemetry/api';
import { activeContext } from './platform/context.ts';
import { awaitFlush, type FlushResult, requestFlush } from './platform/flush.ts';
import { lookAlike, nameOf } from './platform/stand-in.ts';
import { TASK_RULES } from './options/rules.ts';
import type { AnyFunction, TaskOptions } from './options/options.ts';
import { readOptions, refuse } from './options/check.ts';
import { contextFrom, isLocalRoot } from './span/parentage.ts';
import { attempt, disarm } from './platform/report.ts';
import { derivePromise, isPlainPromise } from './returned/promise.ts';
import { runInSpan } from './run-in-span.ts';
import type { Settings } from './options/settings.ts';
import { SpanPlan } from './options/plan.ts';
import { show } from './platform/in-words.ts';

export interface TraceTask {
  /**
   * Wraps a job: each call of the function that comes back is one task in one span, and the span's export is flushed
   * when the task was the first of its trace in this process.
   *
   * The call behaves as `fn` would: same arguments, `this`, result and error. The span ends when the work settles, when
   * its signal aborts, or when `timeoutMs` is over, whichever is first, and says which.
   *
   * @param nameOrOptions default name: the function's, else `task`
   * @throws TypeError at once for something that is not a function, or for a wrong option; never when called
   * @example
   * queue.add(traceTask(sendReceipt, { attributes: (order) => ({ 'order.id': order.id }) }));
   */
  <F extends AnyFunction>(fn: F, nameOrOptions?: string | TaskOptions<Parameters<F>, ReturnType<F>>): F;
}

/** Binds {@link TraceTask} to the settings of an instance. */
export function traceTaskWith(settings: Settings): TraceTask {
  return (fn, nameOrOptions) => {
    if (typeof fn !== 'function')
      throw new TypeError(`traceTask(): ${show(fn)} is not a function; give the job itself`);
    const options = readOptions('traceTask()', nameOrOptions as string | TaskOptions, TASK_RULES, refuse);
    const plan = new SpanPlan(settings, nameOf(fn) ?? 'task', options);
    const parentOf = parentSource(options.from);
    return lookAlike(fn, function (this: unknown) {
      const tracer = plan.tracer();
      if (tracer === undefined) return Reflect.apply(fn, this, arguments);
      const parent = parentOf(arguments);
      const flush = flushFor(plan, parent);
      if (flush === undefined) return runInSpan(tracer, plan, parent, fn, this, arguments);
      let result: unknown;
      try {
        result = runInSpan(tracer, plan, parent, fn, this, arguments, flush.request);
      } catch (error) {
        flush.hold(undefined);
        throw error;
      }
      return flush.hold(result);
    });
  };
}

function parentSource(from: TaskOptions['from']): (args: ArrayLike<unknown>) => Context {
  if (from === 'wrap') {
    const wrapping = activeContext();
    return () => wrapping;
  }
  if (typeof from !== 'function') return activeContext;
  return (args) => contextFrom(attempt('option "from"', () => Reflect.apply(from, undefined, args)));
}

function flushFor(plan: SpanPlan, parent: Context): TaskFlush | undefined {
  const mode = plan.flushMode;
  if (mode === 'never' || (mode === 'auto' && !isLocalRoot(parent, plan.relation))) return undefined;
  return new TaskFlush(plan, mode === 'await');
}

/** The flush that follows the end of one task's span: of the provider that the span is from. */
class TaskFlush {
  readonly #plan: SpanPlan;
  readonly #provider: object | undefined;
  /** Whether it has to wait for the settlement: what the task began may end after the task's own span, at an abort. */
  #isDeferred: boolean;
  #isOwed = false;

  constructor(plan: SpanPlan, isAwaited: boolean) {
    this.#plan = plan;
    this.#provider = plan.provider;
    this.#isDeferred = isAwaited;
  }

  readonly request = (): void => {
    if (this.#isDeferred) this.#isOwed = true;
    else if (this.#plan.waitUntil === undefined) requestFlush(this.#provider);
    else void this.#start();
  };

  /** With `flush: 'await'`, holds a promise back until the flush has ended. */
  hold<R>(result: R): R {
    if (!this.#isDeferred) return result;
    const flushed = async () => void (this.#isOwed && (await this.#start()));
    const held =
      isPlainPromise(result) &&
      derivePromise(
        result,
        async (value) => {
          await flushed();
          return value;
        },
        async (error) => {
          await flushed();
          throw error;
        },
      );
    if (held) return held as R;
    // There is nothing to hold back.
    this.#isDeferred = false;
    if (this.#isOwed) this.request();
    return result;
  }

  #start(): Promise<FlushResult> {
    const { waitUntil, flushTimeoutMs: timeoutMs } = this.#plan;
    const flushed = awaitFlush(this.#provider, { timeoutMs, holdsProcess: true });
    // Nothing is expected of it, so it may as well be an async function.
    if (waitUntil !== undefined)
      attempt('option "waitUntil"', () => disarm('option "waitUntil"', waitUntil(flushed)));
    return flushed;
  }
}
