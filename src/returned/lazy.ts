import { trace } from '@opentelemetry/api';
import { activeContext, callInContext } from '../platform/context.ts';
import { chainOf, type Method, methodOf } from '../platform/data-property.ts';
import { define } from '../platform/define-property.ts';
import type { Observe } from './covered-work.ts';
import { hiddenField } from '../platform/hidden-field.ts';
import { isObject } from '../platform/is-object.ts';
import { hearPromise, isPlainPromise } from './promise.ts';
import { replaced, replaceMethod, telling } from './replace-method.ts';

type Handler = (...values: unknown[]) => unknown;

/** What queries call the methods that run them and take a callback: superagent, Knex, Mongoose before 7. */
const TAKE_CALLBACKS: readonly PropertyKey[] = ['end', 'asCallback', 'nodeify', 'exec'];

/** What Drizzle calls the methods that run a query at once, where its driver is a synchronous one. */
const RUN_AT_ONCE: readonly PropertyKey[] = ['all', 'get', 'run', 'values'];

/** Own properties that are taken for methods: objects without a class, such as Prisma's promises, have theirs like that. */
const OWN: readonly PropertyKey[] = [
  ...['then', 'catch', 'finally', 'execute', 'requestTransaction', Symbol.asyncIterator],
  ...TAKE_CALLBACKS,
  ...RUN_AT_ONCE,
];

/** What a cursor calls the methods that take one step. */
const TAKE_A_STEP: readonly PropertyKey[] = ['next', 'tryNext', 'hasNext'];

// The work behind each of these begins when it is asked for.

export function isThenable(value: object): boolean {
  const then = methodOf(value, 'then');
  // A `then` that is the `catch` as well only says that this is no promise: on a query of mysql2's.
  return then !== undefined && then !== methodOf(value, 'catch');
}

/** A query of Kysely's. */
export function isQuery(value: object): boolean {
  return methodOf(value, 'toOperationNode') !== undefined;
}

/** A cursor of MongoDB's. */
export function isCursor(value: object): boolean {
  return methodOf(value, 'tryNext') !== undefined && methodOf(value, 'toArray') !== undefined;
}

/**
 * What is lazy is never driven. Which of its methods ask for the work, its class does not say. The rule: one whose answer
 * is a promise, an iterator, a stream or another query has led to the work, which ends with that answer. All methods are
 * heard, by way of the prototype, because a class can have hundreds. It is one and the same for all objects of a class.
 */
export const observeLazy: Observe = (lazy, work) => {
  const prototype = Object.getPrototypeOf(lazy) as object | null;
  /** Whether a method of its own is under way: what that asks of others is its own affair. */
  let isBusy = false;
  /** How many answers are under way. What comes of one meanwhile, such as of a `close()`, is not the end. */
  let pending = 0;
  const returned = (value: unknown) => work.returned(value);
  const threw = (error: unknown) => work.threw(error);

  const asked = (key: PropertyKey, original: Method, args: unknown[]): unknown => {
    const caller = activeContext();
    // One of its own methods calls another, perhaps after an `await`: then its span is the active one.
    const isItself = isBusy || trace.getSpan(caller) === trace.getSpan(work.active);
    if (work.hasEnded()) restorePrototype();
    if (isItself || work.hasEnded()) return Reflect.apply(original, lazy, args as never[]);
    const heard = [...args];
    /** 1 if a handler is heard. */
    let tells = 0;
    /** The handler then tells of the end. */
    const hear = (index: number, tell: Handler) => {
      const handler = args[index];
      if (typeof handler !== 'function') return;
      tells = 1;
      heard[index] = telling(handler as Handler, tell, caller);
    };
    const last = args.length - 1;
    const takesCallback = TAKE_CALLBACKS.includes(key) && typeof args[last] === 'function';
    if (key === 'then' || key === 'done') {
      hear(0, returned);
      hear(1, threw);
    } else if (key === 'catch') hear(last, threw);
    else if (key === 'finally') hear(last, () => {});
    else if (takesCallback) hear(last, (error, value) => (error == null ? returned(value) : threw(error)));
    const runsAtOnce = RUN_AT_ONCE.includes(key) && methodOf(lazy, '_prepare') !== undefined;
    let result: unknown;
    isBusy = true;
    try {
      // Any other function that is an argument is handed on as it is, and runs where its caller is.
      const isAsIs = args.some((arg, i) => typeof arg === 'function' && arg === heard[i]);
      result = callInContext(isAsIs ? caller : work.active, original, lazy, heard);
    } catch (error) {
      if (key === 'then' || runsAtOnce) threw(error);
      throw error;
    } finally {
      isBusy = false;
    }
    const isHeard = takesCallback || (key === 'then' && heard[0] !== args[0] && heard[1] !== args[1]);
    if (key === 'then' || takesCallback) work.foundRunning();
    pending += tells;
    if (isHeard || result === lazy) return result;
    if (isPlainPromise(result)) {
      work.foundRunning();
      const answered = (value: unknown) => {
        const isLast = --pending === 0;
        if (TAKE_A_STEP.includes(key) ? key === 'next' && value === null : isLast) returned(value);
      };
      const derived = hearPromise(result, answered, threw);
      if (derived !== undefined) pending += 1 - tells;
      return derived ?? result;
    }
    // An argument that comes back is no answer of its own. What it is piped to is: there the work ends.
    const isAnswer = key === 'pipe' || !args.includes(result);
    if (isObject(result) && isAnswer) work.leadsTo(result, key === Symbol.asyncIterator);
    if (runsAtOnce) returned(result);
    return result;
  };

  const restorePrototype = () => {
    if (Object.getPrototypeOf(lazy) === shadow) Object.setPrototypeOf(lazy, prototype);
  };
  askers.set(lazy, asked);
  const shadow = shadowOf(prototype);
  // What is no class's has nothing to be heard by way of it, and stays a plain object.
  if (Reflect.ownKeys(shadow).length > 0 && !Reflect.setPrototypeOf(lazy, shadow)) return false;
  for (const key of Reflect.ownKeys(lazy)) {
    // What else it has for itself may be anybody's: a model, a logger, a callback.
    if (!OWN.includes(key)) continue;
    const undo = replaceMethod(lazy, key, (original, self, args) =>
      self === lazy ? asked(key, original, args) : Reflect.apply(original, self, args as never[]),
    );
    if (undo !== undefined || key !== 'then') continue;
    restorePrototype();
    return false;
  }
  work.foundLazy();
  return true;
};

type Asked = (key: PropertyKey, original: Method, args: unknown[]) => unknown;

/** What to tell of calls, by each lazy object. */
const askers = /* @__PURE__ */ hiddenField<Asked>();

/** The shadow of each prototype. */
const shadows = new WeakMap<object, object>();

/** A prototype that inherits from another one, and tells the lazy objects that have it of each call of a method. */
function shadowOf(prototype: object | null): object {
  const known = prototype && shadows.get(prototype);
  if (known) return known;
  const shadow = Object.create(prototype) as object;
  if (prototype !== null) shadows.set(prototype, shadow);
  /** A class may have something else in place of a method of its base. */
  const seen = new Set<PropertyKey>(['constructor']);
  for (const holder of chainOf(prototype)) {
    // What all objects have asks for nothing.
    if (Object.getPrototypeOf(holder) === null) break;
    for (const key of Reflect.ownKeys(holder)) {
      if (seen.has(key)) continue;
      seen.add(key);
      const property = Object.getOwnPropertyDescriptor(holder, key)!;
      const { value: method } = property;
      if (!isMethod(method)) continue;
      const value = replaced(method, function (this: object, ...args: unknown[]): unknown {
        const now = Reflect.get(prototype!, key, this) as Method;
        const asked = askers.get(this);
        return asked ? asked(key, now, args) : Reflect.apply(now, this, args as never[]);
      });
      define(shadow, key, { ...property, value });
    }
  }
  return shadow;
}

/** A function without members of its own: a class, or a model, that an object refers to is a value. */
function isMethod(value: unknown): value is Method {
  // `length`, `name`, `prototype`, `arguments`, `caller`: what a plain function has.
  if (typeof value !== 'function' || Reflect.ownKeys(value).length > 5) return false;
  const prototype = Object.getOwnPropertyDescriptor(value, 'prototype');
  return prototype?.writable !== false && Reflect.ownKeys(Object(prototype?.value) as object).length <= 1;
}
