import { defaultInstance, type Instance } from '../instance.ts';
import { readOptions, refuse, SPAN_RULES } from '../options/check.ts';
import type { AnyFunction, SpanOptions } from '../options/options.ts';
import { planSource } from '../options/plan.ts';
import { activeContext } from '../platform/context.ts';
import { attempt } from '../platform/report.ts';
import { construct, standIn } from '../platform/stand-in.ts';
import { isAsyncFunction } from '../returned/promise.ts';
import { runInSpan, startCallSpan } from '../run-in-span.ts';
import {
  classNameOf,
  declaringClass,
  isMarked,
  type Key,
  mark,
  type Member,
  type MemberMarks,
  memberName,
  newMarks,
  sharedMarks,
} from './member.ts';
import {
  decorateClass,
  decorateLegacy,
  decorateStandard,
  isStandardContext,
  memberOf,
  labelOf,
  type Wrap,
} from './member-kinds.ts';
import { argumentAttributes } from './span-attribute.ts';
import type { Traced, Untraced } from './types.ts';

/** Whose spans a decorator makes, how, and which members have them already: a class and its method make one. */
interface MethodTracing {
  readonly instance: Instance;
  readonly options: SpanOptions;
  readonly traced: MemberMarks;
}

const untraced = /* @__PURE__ */ sharedMarks('untraced');

/** Of each method that the default instance traces. Who knows better amends them and calls `configure()`: the next plan is made of them. */
export const optionsOfMethods = /* @__PURE__ */ new WeakMap<object, SpanOptions>();

/** Binds {@link Traced} to an instance. */
export function tracedWith(instance: Instance): Traced {
  const traced = instance === defaultInstance ? sharedMarks('traced') : newMarks();
  const factory = (...given: unknown[]) => {
    if (given.length > 1 || typeof given[0] === 'function') {
      refuse('@Traced is used without being called; write @Traced()');
    }
    const options = readOptions('@Traced()', given[0] as string | SpanOptions, SPAN_RULES, refuse);
    const { name, ...others } = options;
    const wrap: Wrap = (fn, member) => traceMethod({ instance, options, traced }, fn, member);
    /** A string replaces the name of the class; a function names each span whole. */
    const onClass = (type: unknown, metadata?: object) => {
      const className = typeof name === 'string' ? name : classNameOf(type);
      const shared = typeof name === 'function' ? options : others;
      decorateClass(type, className, metadata, (fn, member) =>
        isMarked(untraced, fn, member) ? fn : traceMethod({ instance, options: shared, traced }, fn, member),
      );
    };
    return (target: unknown, where?: unknown, descriptor?: unknown): unknown => {
      if (isStandardContext(where))
        return where.kind === 'class'
          ? onClass(target, where.metadata)
          : decorateStandard(target, where, wrap);
      const isOnClass = where === undefined && descriptor === undefined && typeof target === 'function';
      if (isOnClass) return onClass(target);
      return decorateLegacy(target as object, where as Key | undefined, descriptor, wrap);
    };
  };
  return factory as Traced;
}

/** Excludes a method from a class-level `@Traced()`. */
export const untracedDecorator: Untraced =
  () => (target: unknown, where: unknown, descriptor?: PropertyDescriptor) => {
    const isStandard = isStandardContext(where);
    // A class is a function, too, and so is a getter.
    const isMethod = !isStandard || where.kind === 'method';
    const method: unknown = isStandard ? target : descriptor?.value;
    if (!isMethod || typeof method !== 'function') {
      return refuse(`@Untraced() on ${labelOf(where)}: only a method can be left out; remove it`);
    }
    const member = isStandard ? memberOf(where) : { key: where as Key, markedOn: target as object };
    mark(untraced, method, member);
  };

function traceMethod(
  { instance, options, traced }: MethodTracing,
  method: AnyFunction,
  member: Member,
): AnyFunction {
  if (isMarked(traced, method, member)) return method;
  const { key, className, holder } = member;
  const own = memberName(key);
  const fullName = (owner: string | undefined) => (owner === undefined ? own : `${owner}.${own}`);
  const fromArguments = holder && argumentAttributes(holder, key);
  const amendable = { ...options };
  const planNow = planSource(instance, fullName(className), amendable, fromArguments);
  const isAsync = isAsyncFunction(method);
  let isNamed = className !== undefined;
  // Not in the method itself: it would take more of the stack for as long as the original runs.
  const start = (self: unknown, args: ArrayLike<unknown>) => {
    let plan = planNow();
    const tracer = instance.tracerFor(plan);
    if (tracer === undefined) return undefined;
    if (!isNamed) {
      // A standard method decorator is not told the class; the object that it is called on tells.
      const owner = attempt('reading a class', () => declaringClass(self, key, wrapper));
      plan = planNow(fullName(owner?.name));
      isNamed = owner?.isSure === true;
    }
    const parent = activeContext();
    return startCallSpan(
      { instance, plan, tracer, parent, isAsync, links: undefined, observer: undefined },
      args,
    );
  };
  const wrapper = standIn(method, function (this: unknown) {
    if (new.target !== undefined) return construct(method, arguments, new.target, wrapper);
    return runInSpan(start(this, arguments), method, this, arguments);
  });
  if (instance === defaultInstance) optionsOfMethods.set(wrapper, amendable);
  mark(traced, wrapper, member);
  return wrapper;
}
