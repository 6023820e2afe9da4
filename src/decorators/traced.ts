import { defaultInstance, type Instance } from '../instance.ts';
import { readOptions, refuse, SPAN_RULES } from '../options/check.ts';
import type { AnyFunction, SpanOptions } from '../options/options.ts';
import { planSource } from '../options/plan.ts';
import { activeContext } from '../platform/context.ts';
import { attempt, inWords, report } from '../platform/report.ts';
import { construct, isClass, standIn } from '../platform/stand-in.ts';
import { runInSpan } from '../run-in-span.ts';
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
import { argumentAttributes } from './span-attribute.ts';
import type { Traced, Untraced } from './types.ts';

type Wrap = (fn: AnyFunction, member: Member) => AnyFunction;

/** Whose spans a decorator makes, how, and which members have them already: a class and its method make one. */
interface Tracing {
  readonly instance: Instance;
  readonly options: SpanOptions;
  readonly traced: MemberMarks;
}

const untraced = /* @__PURE__ */ sharedMarks('untraced');

/** Binds {@link Traced} to an instance. */
export function tracedWith(instance: Instance): Traced {
  const traced = instance === defaultInstance ? sharedMarks('traced') : newMarks();
  const factory = (...given: unknown[]) => {
    if (given.length > 1 || typeof given[0] === 'function') {
      refuse('@Traced is used without being called; write @Traced()');
    }
    const options = readOptions('@Traced()', given[0] as string | SpanOptions, SPAN_RULES, refuse);
    const tracing: Tracing = { instance, options, traced };
    const wrap: Wrap = (fn, member) => traceMethod(tracing, fn, member);
    return (target: unknown, where?: unknown, descriptor?: unknown): unknown => {
      if (isStandardContext(where)) {
        return where.kind === 'class'
          ? traceClass(tracing, target, where.metadata)
          : decorateStandard(target, where, wrap);
      }
      const isOnClass = where === undefined && descriptor === undefined && typeof target === 'function';
      if (isOnClass) return traceClass(tracing, target);
      return decorateLegacy(target as object, where as Key | undefined, descriptor, wrap);
    };
  };
  return factory as Traced;
}

/** Excludes a method from a class-level `@Traced()`. */
export const untracedDecorator: Untraced =
  () => (target: unknown, where: unknown, descriptor?: PropertyDescriptor) => {
    const isStandard = isStandardContext(where);
    const method: unknown = isStandard ? target : descriptor?.value;
    if (typeof method !== 'function') {
      return refuse(`@Untraced() on ${placeOf(where)}: only a method can be left out; remove it`);
    }
    const member = isStandard ? memberOf(where) : { key: where as Key, place: target as object };
    mark(untraced, method, member);
  };

function placeOf(where: unknown): string {
  if (isStandardContext(where)) return memberName(where.name ?? 'a class');
  return where === undefined ? 'a class' : memberName(where as Key);
}

function isStandardContext(where: unknown): where is DecoratorContext {
  return typeof where === 'object' && where !== null && 'kind' in where;
}

/** The metadata of a class are where its instance members meet; a static of the same name is another member. */
function memberOf(context: DecoratorContext): Member {
  const { metadata, name: key } = context;
  return { key: key!, place: 'static' in context && context.static ? undefined : metadata };
}

function decorateStandard(target: unknown, context: DecoratorContext, wrap: Wrap): unknown {
  const member = memberOf(context);
  const place = memberName(member.key);
  if (context.kind === 'method') return wrap(target as AnyFunction, member);
  if (context.kind !== 'field') return unsupported(place, context.kind);
  return function (this: unknown, initial: unknown): unknown {
    // An instance is being made: too late to throw.
    if (typeof initial !== 'function' || isClass(initial)) {
      const held = typeof initial === 'function' ? 'a class' : inWords(initial);
      report(`@Traced() on ${place}: the field holds ${held}, not a function; it is not traced`);
      return initial;
    }
    const className = classNameOf(this);
    const wrapped = attempt(`@Traced() on ${place}`, () =>
      wrap(initial as AnyFunction, { key: member.key, className }),
    );
    return wrapped ?? initial;
  };
}

function decorateLegacy(
  target: object,
  key: Key | undefined,
  descriptor: unknown,
  wrap: Wrap,
): PropertyDescriptor {
  const className = classNameOf(target);
  const place = [className, memberName(key ?? 'constructor')].filter(Boolean).join('.');
  const { value, get, set } = Object(descriptor) as PropertyDescriptor;
  if (typeof descriptor === 'number') return unsupported(place, 'parameter');
  if (key === undefined || typeof value !== 'function')
    return unsupported(place, get || set ? 'accessor' : 'field');
  const method = descriptor as PropertyDescriptor;
  method.value = wrap(value as AnyFunction, { key, className, holder: target, place: target });
  return method;
}

function unsupported(place: string, kind: string): never {
  const repair =
    kind === 'field'
      ? 'write a method, or use standard decorators, which can wrap a field that holds a function'
      : 'move the work into a method and decorate that';
  return refuse(`@Traced() on ${place}: no ${kind} can be traced; ${repair}`);
}

/** Wraps every method and static method that the class itself declares. A name in the options replaces the class's. */
function traceClass({ options, ...tracing }: Tracing, type: unknown, metadata?: object): void {
  const { name, ...others } = options;
  const className = typeof name === 'string' ? name : classNameOf(type);
  const shared: Tracing = { ...tracing, options: typeof name === 'function' ? options : others };
  for (const holder of [(type as { prototype: object }).prototype, type as object]) {
    const isStatic = holder === type;
    for (const key of Reflect.ownKeys(holder)) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, key)!;
      const { value: method, enumerable, configurable } = descriptor;
      // Static methods are not enumerable; static fields, which may hold classes and callbacks, are.
      if (
        typeof method !== 'function' ||
        key === 'constructor' ||
        (isStatic && enumerable) ||
        isClass(method)
      )
        continue;
      const member = { key, className, holder, place: isStatic ? holder : (metadata ?? holder) };
      if (isMarked(untraced, method, member)) continue;
      const wrapped = traceMethod(shared, method, member);
      if (configurable) Object.defineProperty(holder, key, { ...descriptor, value: wrapped });
      else report(`@Traced() on ${className}: ${memberName(key)} cannot be replaced; it is not traced`);
    }
  }
}

function traceMethod(
  { instance, options, traced }: Tracing,
  method: AnyFunction,
  member: Member,
): AnyFunction {
  if (isMarked(traced, method, member)) return method;
  const { key, className, holder } = member;
  const own = memberName(key);
  const fullName = (owner: string | undefined) => (owner === undefined ? own : `${owner}.${own}`);
  const fromArguments = holder && argumentAttributes(holder, key);
  const planNow = planSource(instance, fullName(className), options, fromArguments);
  let isNamed = className !== undefined;
  const wrapper = standIn(method, function (this: unknown) {
    if (new.target !== undefined) return construct(method, arguments, new.target, wrapper);
    let plan = planNow();
    const tracer = instance.tracerFor(plan);
    if (tracer === undefined) return Reflect.apply(method, this, arguments);
    if (!isNamed) {
      // A standard method decorator is not told the class; the object that it is called on tells.
      const owner = attempt('reading a class', () => declaringClass(this, key, wrapper));
      plan = planNow(fullName(owner?.name));
      isNamed = owner?.isSure === true;
    }
    return runInSpan({ instance, plan, tracer, parent: activeContext() }, method, this, arguments);
  });
  mark(traced, wrapper, member);
  return wrapper;
}
