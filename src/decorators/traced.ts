import { activeContext } from '../platform/context.ts';
import { lookAlike } from '../platform/stand-in.ts';
import {
  classNameOf,
  declaringClass,
  isMarked,
  type Key,
  mark,
  type Member,
  memberMarks,
  memberName,
} from './member.ts';
import { SPAN_RULES } from '../options/rules.ts';
import type { AnyFunction, SpanOptions } from '../options/options.ts';
import { readOptions, refuse } from '../options/check.ts';
import { attempt, report } from '../platform/report.ts';
import { runInSpan } from '../run-in-span.ts';
import type { Settings } from '../options/settings.ts';
import { SpanPlan } from '../options/plan.ts';
import { show } from '../platform/in-words.ts';
import { argumentAttributes } from './span-attribute.ts';
import type { Traced, Untraced } from './types.ts';

type Wrap = (fn: AnyFunction, member: Member) => AnyFunction;

/** Wrapped methods, so that a class and a method that are both decorated make one span. */
const traced = /* @__PURE__ */ memberMarks('traced');
const untraced = /* @__PURE__ */ memberMarks('untraced');

/** Binds {@link Traced} to the settings of an instance. */
export function tracedWith(settings: Settings): Traced {
  const factory = (...given: unknown[]) => {
    if (given.length > 1 || typeof given[0] === 'function') {
      throw new TypeError('@Traced is used without being called; write @Traced()');
    }
    const options = readOptions('@Traced()', given[0] as string | SpanOptions, SPAN_RULES, refuse);
    const wrap: Wrap = (fn, member) => traceMethod(settings, options, fn, member);
    return (target: unknown, where?: unknown, descriptor?: unknown): unknown => {
      if (isStandardContext(where)) {
        return where.kind === 'class'
          ? traceClass(settings, options, target, where.metadata)
          : decorateStandard(target, where, wrap);
      }
      const isClass = where === undefined && descriptor === undefined && typeof target === 'function';
      if (isClass) return traceClass(settings, options, target);
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
      throw new TypeError(`@Untraced() on ${placeOf(where)}: only a method can be left out; remove it`);
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
  if (context.kind !== 'field') throw unsupported(place, context.kind);
  return function (this: unknown, initial: unknown): unknown {
    // An instance is being made: too late to throw.
    if (typeof initial !== 'function') {
      report(`@Traced() on ${place}: the field holds ${show(initial)}, not a function; it is not traced`);
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
  if (typeof descriptor === 'number') throw unsupported(place, 'parameter');
  if (key === undefined || typeof descriptor !== 'object' || descriptor === null)
    throw unsupported(place, 'field');
  const method = descriptor as PropertyDescriptor;
  if (typeof method.value !== 'function')
    throw unsupported(place, method.get || method.set ? 'accessor' : 'field');
  method.value = wrap(method.value as AnyFunction, { key, className, holder: target, place: target });
  return method;
}

function unsupported(place: string, kind: string): TypeError {
  const repair =
    kind === 'field'
      ? 'write a method, or use standard decorators, which can wrap a field that holds a function'
      : 'move the work into a method and decorate that';
  return new TypeError(
    `@Traced() on ${place}: ${kind === 'accessor' ? 'an' : 'a'} ${kind} cannot be traced; ${repair}`,
  );
}

/** Wraps every method and static method that the class itself declares. A name in the options replaces the class's. */
function traceClass(
  settings: Settings,
  { name, ...options }: SpanOptions,
  type: unknown,
  metadata?: object,
): void {
  const className = typeof name === 'string' ? name : classNameOf(type);
  const shared = typeof name === 'function' ? { ...options, name } : options;
  for (const holder of [(type as { prototype: object }).prototype, type as object]) {
    const isStatic = holder === type;
    for (const key of Reflect.ownKeys(holder)) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, key)!;
      const { value: method, enumerable, configurable } = descriptor;
      // Static methods are not enumerable; static fields, which may hold classes and callbacks, are.
      if (typeof method !== 'function' || key === 'constructor' || (isStatic && enumerable)) continue;
      const member = { key, className, holder, place: isStatic ? holder : (metadata ?? holder) };
      if (isMarked(untraced, method, member)) continue;
      const wrapped = traceMethod(settings, shared, method, member);
      if (configurable) Object.defineProperty(holder, key, { ...descriptor, value: wrapped });
      else report(`@Traced() on ${className}: ${memberName(key)} cannot be replaced; it is not traced`);
    }
  }
}

function traceMethod(
  settings: Settings,
  options: SpanOptions,
  method: AnyFunction,
  member: Member,
): AnyFunction {
  if (isMarked(traced, method, member)) return method;
  const { key, className, holder } = member;
  const own = memberName(key);
  const fullName = (owner: string | undefined) => (owner === undefined ? own : `${owner}.${own}`);
  const fromArguments = holder && argumentAttributes(holder, key);
  const plan = new SpanPlan(settings, fullName(className), options, fromArguments);
  let isNamed = className !== undefined;
  const wrapper = lookAlike(method, function (this: unknown) {
    const tracer = plan.tracer();
    if (tracer === undefined) return Reflect.apply(method, this, arguments);
    if (!isNamed) {
      // A standard method decorator is not told the class; the object that it is called on tells.
      const owner = attempt('finding the class of a method', () => declaringClass(this, key, wrapper));
      plan.defaultName = fullName(owner?.name);
      isNamed = owner?.isSure === true;
    }
    return runInSpan(tracer, plan, activeContext(), method, this, arguments);
  });
  mark(traced, wrapper, member);
  return wrapper;
}
