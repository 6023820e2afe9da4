import { activeContext } from './active-context.ts';
import { lookAlike } from './look-alike.ts';
import { type AnyFunction, readOptions, refuse, SPAN_RULES, type SpanOptions } from './options.ts';
import { attempt, report } from './report.ts';
import { runInSpan } from './run-in-span.ts';
import { type Settings, SpanPlan } from './settings.ts';
import { show } from './show.ts';
import { argumentAttributes } from './span-attribute.ts';
import type { Traced, Untraced } from './traced-types.ts';

type Key = string | symbol;
type AnyClass = { readonly name: string; readonly prototype: object };

/** What is known of a member while it is decorated. */
interface Member {
  readonly key: Key;
  readonly className?: string | undefined;
  /** The prototype or class that it stands on. Standard decorators are not told. */
  readonly holder?: object;
}

type Wrap = (fn: AnyFunction, member: Member) => AnyFunction;

/** Wrapped methods, so that a class and a method that are both decorated make one span. */
const traced = new WeakSet<AnyFunction>();
const untraced = new WeakSet<AnyFunction>();

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
          ? traceClass(settings, options, target)
          : decorateStandard(target, where, wrap);
      }
      if (where === undefined && typeof target === 'function') return traceClass(settings, options, target);
      return decorateLegacy(target as object, where as Key, descriptor, wrap);
    };
  };
  return factory as Traced;
}

/** Excludes a method from a class-level `@Traced()`. */
export const untracedDecorator: Untraced =
  () => (target: unknown, where: unknown, descriptor?: PropertyDescriptor) => {
    const method: unknown = isStandardContext(where) ? target : descriptor?.value;
    if (typeof method !== 'function') {
      throw new TypeError(`@Untraced() on ${show(where)}: only a method can be left out; remove it`);
    }
    untraced.add(method as AnyFunction);
  };

function isStandardContext(where: unknown): where is DecoratorContext {
  return typeof where === 'object' && where !== null && 'kind' in where;
}

function decorateStandard(target: unknown, { kind, name }: DecoratorContext, wrap: Wrap): unknown {
  if (kind === 'method') return wrap(target as AnyFunction, { key: name });
  if (kind === 'field') {
    return function (this: unknown, initial: unknown): unknown {
      if (typeof initial === 'function')
        return wrap(initial as AnyFunction, { key: name, className: classNameOf(this) });
      // An instance is being made: too late to throw.
      report(
        `@Traced() on ${memberName(name!)}: the field holds ${show(initial)}, not a function; it is not traced`,
      );
      return initial;
    };
  }
  throw unsupported(memberName(name!), kind);
}

function decorateLegacy(target: object, key: Key, descriptor: unknown, wrap: Wrap): PropertyDescriptor {
  const className =
    typeof target === 'function' ? (target as unknown as AnyClass).name : target.constructor.name;
  const place = `${className}.${memberName(key)}`;
  if (typeof descriptor === 'number') throw unsupported(place, 'parameter');
  if (typeof descriptor !== 'object' || descriptor === null) throw unsupported(place, 'field');
  const method = descriptor as PropertyDescriptor;
  if (typeof method.value !== 'function')
    throw unsupported(place, method.get || method.set ? 'accessor' : 'field');
  method.value = wrap(method.value as AnyFunction, { key, className, holder: target });
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
function traceClass(settings: Settings, { name, ...options }: SpanOptions, type: unknown): void {
  const { name: declaredName, prototype } = type as AnyClass;
  const className = typeof name === 'string' ? name : declaredName;
  const shared = typeof name === 'function' ? { ...options, name } : options;
  for (const holder of [prototype, type as object]) {
    for (const key of Reflect.ownKeys(holder)) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, key)!;
      const { value: method, enumerable, configurable } = descriptor;
      // Methods are not enumerable; static fields, which may hold classes and callbacks, are.
      if (typeof method !== 'function' || enumerable || key === 'constructor' || untraced.has(method))
        continue;
      const wrapped = traceMethod(settings, shared, method, { key, className, holder });
      if (configurable) Object.defineProperty(holder, key, { ...descriptor, value: wrapped });
      else report(`@Traced() on ${className}: ${memberName(key)} cannot be replaced; it is not traced`);
    }
  }
}

function traceMethod(
  settings: Settings,
  options: SpanOptions,
  method: AnyFunction,
  { key, className, holder }: Member,
): AnyFunction {
  if (traced.has(method)) return method;
  const member = memberName(key);
  const plan = new SpanPlan(
    settings,
    className ? `${className}.${member}` : member,
    options,
    holder && argumentAttributes(holder, key),
  );
  let isNamed = className !== undefined;
  const wrapper = lookAlike(method, function (this: unknown) {
    const tracer = plan.tracer();
    if (tracer === undefined) return Reflect.apply(method, this, arguments);
    if (!isNamed) {
      // A standard method decorator is not told the class; the first object it is called on tells.
      const owner = attempt('finding the class of a method', () => declaringClass(this, key, wrapper));
      if (owner) plan.defaultName = `${owner}.${member}`;
      isNamed = true;
    }
    return runInSpan(tracer, plan, activeContext(), method, this, arguments);
  });
  traced.add(wrapper);
  return wrapper;
}

/** The name of the class on whose prototype, or as whose static, `method` stands. */
function declaringClass(self: unknown, key: Key, method: AnyFunction): string | undefined {
  for (let holder: unknown = self; holder != null; holder = Object.getPrototypeOf(holder)) {
    if (Object.getOwnPropertyDescriptor(holder, key)?.value !== method) continue;
    return typeof holder === 'function' ? holder.name : classNameOf(holder);
  }
  // A #private method stands nowhere.
  return typeof self === 'function' ? self.name : classNameOf(self);
}

function classNameOf(instance: unknown): string | undefined {
  return attempt('reading a class name', () => (instance as object | undefined)?.constructor?.name);
}

/** As JavaScript names functions: `place`, `#place`, `[place]` for a symbol. */
function memberName(key: Key): string {
  return typeof key === 'symbol' ? `[${key.description ?? ''}]` : key;
}
