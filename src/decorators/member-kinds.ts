import { refuse } from '../options/check.ts';
import type { AnyFunction } from '../options/options.ts';
import { define } from '../platform/define-property.ts';
import { isObject } from '../platform/is-object.ts';
import { attempt, inWords, report } from '../platform/report.ts';
import { isClass } from '../platform/stand-in.ts';
import { classNameOf, type Key, type Member, memberName } from './member.ts';

/** Makes a member's function a traced one, or leaves it as it is. */
export type Wrap = (fn: AnyFunction, member: Member) => AnyFunction;

export function labelOf(where: unknown): string {
  if (isStandardContext(where)) return memberName(where.name ?? 'a class');
  return where === undefined ? 'a class' : memberName(where as Key);
}

export function isStandardContext(where: unknown): where is DecoratorContext {
  return isObject(where) && 'kind' in where;
}

/** The metadata of a class are where its members meet. */
export function memberOf(context: DecoratorContext): Member {
  const { metadata: markedOn, name: key } = context;
  return { key: key!, markedOn, isStatic: 'static' in context && context.static };
}

/** What a standard decorator makes of a method, or of a field that holds a function. */
export function decorateStandard(target: unknown, context: DecoratorContext, wrap: Wrap): unknown {
  const member = memberOf(context);
  const label = memberName(member.key);
  if (context.kind === 'method') return wrap(target as AnyFunction, member);
  if (context.kind !== 'field') return unsupported(label, context.kind);
  return function (this: unknown, initial: unknown): unknown {
    // An instance is being made: too late to throw.
    if (typeof initial !== 'function' || isClass(initial)) {
      const held = typeof initial === 'function' ? 'a class' : inWords(initial);
      report(`@Traced() on ${label}: the field holds ${held}, not a function; it is not traced`);
      return initial;
    }
    const className = classNameOf(this);
    const wrapped = attempt(`@Traced() on ${label}`, () =>
      wrap(initial as AnyFunction, { key: member.key, className }),
    );
    return wrapped ?? initial;
  };
}

/** What a legacy decorator makes of a method. */
export function decorateLegacy(
  target: object,
  key: Key | undefined,
  descriptor: unknown,
  wrap: Wrap,
): PropertyDescriptor {
  const className = classNameOf(target);
  const label = [className, memberName(key ?? 'constructor')].filter(Boolean).join('.');
  const { value, get, set } = Object(descriptor) as PropertyDescriptor;
  if (typeof descriptor === 'number') return unsupported(label, 'parameter');
  if (key === undefined || typeof value !== 'function')
    return unsupported(label, get || set ? 'accessor' : 'field');
  const method = descriptor as PropertyDescriptor;
  method.value = wrap(value as AnyFunction, { key, className, holder: target, markedOn: target });
  return method;
}

function unsupported(label: string, kind: string): never {
  const repair =
    kind === 'field'
      ? 'write a method, or use standard decorators, which can wrap a field that holds a function'
      : 'move the work into a method and decorate that';
  return refuse(`@Traced() on ${label}: no ${kind} can be traced; ${repair}`);
}

/** Wraps every method and static method that the class itself declares. */
export function decorateClass(
  type: unknown,
  className: string | undefined,
  metadata: object | undefined,
  wrap: Wrap,
): void {
  const wrappers = new Map<unknown, AnyFunction>();
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
      const meet = metadata ? { markedOn: metadata, isStatic } : { markedOn: holder };
      // A function that stands under several keys, as `values` does under `Symbol.iterator`, stays one.
      const wrapped =
        wrappers.get(method) ?? wrap(method as AnyFunction, { key, className, holder, ...meet });
      wrappers.set(method, wrapped);
      if (wrapped === method) continue;
      if (configurable) define(holder, key, { ...descriptor, value: wrapped });
      else report(`@Traced() on ${className}: ${memberName(key)} cannot be replaced; it is not traced`);
    }
  }
}
