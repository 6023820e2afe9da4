import type { Context } from '@opentelemetry/api';
import type { Instance } from './instance.ts';
import { readOptions, refuse, TASK_RULES } from './options/check.ts';
import type { AnyFunction, TaskOptions } from './options/options.ts';
import { ask, type Plan, planSource } from './options/plan.ts';
import { activeContext } from './platform/context.ts';
import { define } from './platform/define-property.ts';
import { attempt, inWords } from './platform/report.ts';
import { construct, isClass, nameOf, standIn } from './platform/stand-in.ts';
import { isAsyncFunction } from './returned/promise.ts';
import { runInSpan, startCallSpan } from './run-in-span.ts';
import { contextOf } from './span/carrier.ts';
import { isLocalRoot, type Parent, rootBeside } from './span/parentage.ts';
import { TaskFlush } from './task-flush.ts';

export interface TraceTask {
  /**
   * Wraps a function: each call of the one that comes back is a task, in a span of its own. If the span has no live
   * parent in this process, a flush follows its end, in the background.
   *
   * The call behaves as `fn` would: same arguments, `this`, result and error. The span ends when the work settles, when
   * its signal aborts, or when `timeoutMs` is over, whichever is first, and says which.
   *
   * @param fn called once for each call of what comes back, which has its `name`, `length` and properties
   * @param nameOrOptions the spans' name, or options. Default name: the function's, else `task`
   * @throws TypeError at once for something that is not a function, or for a wrong option; never when called
   * @example
   * const send = traceTask(sendReceipt, { attributes: (order) => ({ 'order.id': order.id }) });
   * await send(order, signal);
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

type OptionsFor<F extends AnyFunction> = TaskOptions<Handed<Parameters<F>>, ReturnType<F>>;

/** What a host calls a function with may be more than that declares: a context, helpers, a signal. Hooks see all of it. */
type Handed<Args extends unknown[]> = number extends Args['length']
  ? Args extends never[]
    ? never
    : Args
  : // oxlint-disable-next-line typescript/no-explicit-any -- a hook says itself what it takes them for
    [...Args, ...any[]];

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
    // Not in the task itself: it would take more of the stack for as long as `fn` runs.
    const start = (args: ArrayLike<unknown>) => {
      const plan = planNow();
      const tracer = instance.tracerFor(plan);
      if (tracer === undefined) return undefined;
      const { context: parent, links } = parentOf(args);
      const observer = flushes(plan, parent) ? new TaskFlush(instance.provider, plan, args) : undefined;
      return startCallSpan({ instance, plan, tracer, parent, isAsync, links, observer }, args);
    };
    const task = standIn(fn, function (this: unknown) {
      if (new.target !== undefined) return construct(fn, arguments, new.target, task);
      return runInSpan(start(arguments), fn, this, arguments);
    });
    const { length } = options;
    if (length !== undefined) define(task, 'length', { value: length, configurable: true });
    return task;
  };
  return traceTask as TraceTask;
}

function parentSource(from: TaskOptions['from']): (args: ArrayLike<unknown>) => Parent {
  if (from === 'wrap') {
    const wrapping = { context: activeContext(), links: undefined };
    return () => wrapping;
  }
  if (typeof from !== 'function') return () => ({ context: activeContext(), links: undefined });
  const what = 'option "from"';
  return (args) => {
    const answer = ask('from', from, args);
    const active = activeContext();
    const read = (): Parent => {
      // Not a child of what happens to be active, which a queue's worker may have kept since its start.
      if (answer == null) return rootBeside(active);
      return { context: isContext(answer) ? answer : contextOf(what, answer, active), links: undefined };
    };
    return attempt('reading the parent', read) ?? { context: active, links: undefined };
  };
}

function isContext(value: unknown): value is Context {
  return typeof (value as Partial<Context>).getValue === 'function';
}

function flushes({ flush, relation, waitUntil }: Plan, parent: Context): boolean {
  if (flush === 'auto') return waitUntil !== undefined || isLocalRoot(parent, relation);
  return flush !== 'never';
}
