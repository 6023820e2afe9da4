import type { Context } from '@opentelemetry/api';
import type { Instance } from './instance.ts';
import { readOptions, refuse, TASK_RULES } from './options/check.ts';
import type { AnyFunction, TaskOptions } from './options/options.ts';
import { type Plan, planSource } from './options/plan.ts';
import { activeContext } from './platform/context.ts';
import { awaitFlush, requestFlush } from './platform/flush.ts';
import { attempt, handleRejection, inWords } from './platform/report.ts';
import { construct, isClass, nameOf, standIn } from './platform/stand-in.ts';
import { derivePromise, isAsyncFunction, isPlainPromise } from './returned/promise.ts';
import { runInSpan } from './run-in-span.ts';
import { contextFrom, isLocalRoot } from './span/parentage.ts';

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
  <F, Given>(fn: F & Annotated<Given>, nameOrOptions?: string | OptionsFor<AnyFunction & F>): F;
  // An inline function whose parameters hang on type arguments that the call around it has not settled, as in
  // `new Worker(name, traceTask(async (job) => …))`. As long as nothing at all is inferred from such a place, the compiler
  // gives the parameters what the bare function would get; `None` keeps it from inferring `F`, and them as `never`.
  <F extends AnyFunction, Args, None>(
    fn: F & Unsettled<F, Args>,
    nameOrOptions?: string | OptionsFor<F>,
  ): F & None & Place<Args, None>;
  // Never chosen. Since it returns a function, the compiler looks at what stands beside the call first: in
  // `tool({ inputSchema, execute: traceTask(async ({ city }) => …) })` the schema says what the parameters are.
  <Args extends unknown[], R>(fn: never, nameOrOptions: never): (...args: Args) => R;
  // An inline function in a place that says all: `const handler: Handler | undefined = traceTask(async (event) => …)`.
  <F>(fn: Callable<F>, nameOrOptions?: string | OptionsFor<AnyFunction & F>): F;
  // Whatever is left, such as a function whose type is a type parameter.
  <F extends AnyFunction>(fn: F, nameOrOptions?: string | OptionsFor<F>): F;
}

type OptionsFor<F extends AnyFunction> = TaskOptions<Parameters<F>, ReturnType<F>>;

/** Refuses what `Given` was not inferred from: an inline function whose parameters have no types yet, or no function. */
type Annotated<Given> = unknown extends Given
  ? { annotated: never }
  : [Given] extends [AnyFunction]
    ? unknown
    : Given & AnyFunction;

/** Refuses a place that `Args` was inferred from. Before `F` is known it is what the parameters get their types from. */
type Unsettled<F, Args> = unknown extends Args
  ? unknown
  : Args extends infer Known extends unknown[]
    ? ((...args: Known) => unknown) & ([F] extends [AnyFunction] ? never : unknown)
    : never;

/** Nothing, in the end. While the compiler infers, the place of the call tells it `Args`. */
type Place<Args, None> = [None] extends [0] ? (...args: Extract<Args, unknown[]>) => unknown : unknown;

/** The functions among what a place takes. Before TypeScript 6, the others would leave the parameters without a type. */
type Callable<F> = unknown extends F ? AnyFunction : F extends AnyFunction ? F : never;

/** Binds {@link TraceTask} to an instance. */
export function traceTaskWith(instance: Instance): TraceTask {
  const traceTask = <F extends AnyFunction>(fn: F, nameOrOptions?: string | OptionsFor<F>): F => {
    if (typeof fn !== 'function')
      refuse(`traceTask(): ${inWords(fn)} is not a function; give the job itself`);
    if (isClass(fn))
      refuse(`traceTask(): ${nameOf(fn) ?? 'a class'} is a class; give a function that makes an instance`);
    const options = readOptions('traceTask()', nameOrOptions as string | TaskOptions, TASK_RULES, refuse);
    const planNow = planSource(instance, nameOf(fn) ?? 'task', options);
    const parentOf = parentSource(options.from);
    const isAsync = isAsyncFunction(fn);
    const task = standIn(fn, function (this: unknown) {
      if (new.target !== undefined) return construct(fn, arguments, new.target, task);
      const plan = planNow();
      const tracer = instance.tracerFor(plan);
      if (tracer === undefined) return Reflect.apply(fn, this, arguments);
      const parent = parentOf(arguments);
      const flush = flushFor(instance, plan, parent);
      const start = { instance, plan, tracer, parent, isAsync, onEnded: flush?.request };
      if (flush === undefined) return runInSpan(start, fn, this, arguments);
      let result: unknown;
      try {
        result = runInSpan(start, fn, this, arguments);
      } catch (error) {
        flush.hold(undefined);
        throw error;
      }
      return flush.hold(result);
    });
    return task;
  };
  return traceTask as TraceTask;
}

function parentSource(from: TaskOptions['from']): (args: ArrayLike<unknown>) => Context {
  if (from === 'wrap') {
    const wrapping = activeContext();
    return () => wrapping;
  }
  if (typeof from !== 'function') return activeContext;
  return (args) => contextFrom(attempt('option "from"', () => Reflect.apply(from, undefined, args)));
}

/** The flush that follows the end of one task's span. */
interface TaskFlush {
  /** The span has ended. */
  readonly request: () => void;
  /** With `flush: 'await'`, holds a promise back until the flush has ended. */
  readonly hold: <R>(result: R) => R;
}

/** @returns the flush of the provider that the span is from, if one is to follow */
function flushFor({ provider }: Instance, plan: Plan, parent: Context): TaskFlush | undefined {
  const { flush, flushTimeoutMs: timeoutMs, relation, waitUntil } = plan;
  if (flush === 'never' || (flush === 'auto' && !isLocalRoot(parent, relation))) return undefined;
  // Whether it has to wait for the settlement: what the task began may end after the task's own span, at an abort.
  let isDeferred = flush === 'await';
  let isOwed = false;
  const start = () => {
    const flushed = awaitFlush(provider, { timeoutMs, holdsProcess: true });
    const what = 'option "waitUntil"';
    if (waitUntil !== undefined) attempt(what, () => handleRejection(what, waitUntil(flushed)));
    return flushed;
  };
  const request = () => {
    if (isDeferred) isOwed = true;
    else if (waitUntil === undefined) requestFlush(provider);
    else void start();
  };
  const hold = <R>(result: R): R => {
    if (!isDeferred) return result;
    const settled = async () => void (isOwed && (await start()));
    const held =
      isPlainPromise(result) &&
      derivePromise(
        result,
        async (value) => {
          await settled();
          return value;
        },
        async (error) => {
          await settled();
          throw error;
        },
      );
    if (held) return held as R;
    // There is nothing to hold back.
    isDeferred = false;
    if (isOwed) request();
    return result;
  };
  return { request, hold };
}
