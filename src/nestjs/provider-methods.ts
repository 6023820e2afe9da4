import { Reflector } from '@nestjs/core';
import { SpanKind } from '@opentelemetry/api';
import { isMarked, type Key, sharedMarks } from '../decorators/member.ts';
import { optionsOfMethods } from '../decorators/traced.ts';
import { Traced, Untraced } from '../index.ts';
import type { SpanOptions } from '../options/options.ts';

export type Class = abstract new (...args: never[]) => unknown;

const metadata = new Reflector();
const untraced = sharedMarks('untraced');

/** Traces every method of a provider that the application calls, or a library in its place, by what their decorators say. */
export function traceMethods(type: Class): void {
  amendMethods(type);
  const { prototype } = type as { prototype: object };
  for (const key of Reflect.ownKeys(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)!;
    const method: unknown = descriptor.value;
    if (typeof method !== 'function') continue;
    if (isLeftOut(type, key, method)) Untraced()(prototype, key, descriptor);
    const options = optionsOf(type, key, method);
    if (options === undefined || isMarked(untraced, method, { key, markedOn: prototype })) continue;
    Traced(options)(prototype, key, descriptor);
    Object.defineProperty(prototype, key, descriptor);
  }
  Traced(nameInSource(type))(type);
}

/** Nest's `mixin()` gives a class a random name. @returns `undefined` for any other class */
function nameInSource(type: Class): string | undefined {
  if (!/^[\da-f]{21}$/.test(type.name)) return undefined;
  return /^class (?!extends\b)(\w+)/.exec(Function.prototype.toString.call(type))?.[1];
}

/** Gives methods that are `@Traced()` already what is known of them here: what their own options say wins. */
export function amendMethods(type: Class): void {
  const { prototype } = type as { prototype?: unknown };
  // A factory is no class.
  if (typeof prototype !== 'object' || prototype === null) return;
  for (const key of Reflect.ownKeys(prototype)) {
    const method: unknown = Object.getOwnPropertyDescriptor(prototype, key)!.value;
    const own = typeof method === 'function' ? optionsOfMethods.get(method) : undefined;
    if (own !== undefined) Object.assign(own, { ...optionsOf(type, key, method as Function), ...own });
  }
}

/** What these start, such as timers and consumers, would be in their trace for as long as the application runs. */
const STARTING = new Set<Key>(['onModuleInit', 'onApplicationBootstrap', 'afterInit']);

/** These have their span from the interceptor, those of fields and references where Nest runs interceptors for them. */
const HANDLERS = [
  'websockets:message_mapping',
  'graphql:resolver_type',
  'graphql:resolve_property',
  'graphql:resolve_reference',
];

function isLeftOut(type: Class, key: Key, method: Function): boolean {
  return STARTING.has(key) || HANDLERS.some((name) => has(name, method)) || isSaga(type, key);
}

/** It is called once, for an observable that lasts as long as the application. */
function isSaga(type: Class, key: Key): boolean {
  const sagas = metadata.get<unknown>('__saga__', type as never);
  return Array.isArray(sagas) && sagas.includes(key);
}

function has(name: string, of: Function): boolean {
  return metadata.get<unknown>(name, of as never) !== undefined;
}

/** Of a method that goes on when the request that is its cause has been answered: nobody waits for it. */
const OUTLIVES: SpanOptions = { relation: 'linked' };

/** What is different about the spans of the processor of a BullMQ worker, of handlers of CQRS events, and of late listeners. */
function optionsOf(type: Class, key: Key, method: Function): SpanOptions | undefined {
  if (key === 'process' && has('bullmq:processor_metadata', type)) return { kind: SpanKind.CONSUMER };
  const isEventHandler = key === 'handle' && has('__eventsHandler__', type);
  return isEventHandler || isToldLater(metadata.get('EVENT_LISTENER_METADATA', method as never))
    ? OUTLIVES
    : undefined;
}

/** `@OnEvent('placed', { async: true })`. Any other listener is called by `emit()` itself. */
function isToldLater(listens: unknown): boolean {
  const isLate = ({ options }: { options?: { async?: unknown; nextTick?: unknown } }) =>
    options?.async === true || options?.nextTick === true;
  return Array.isArray(listens) && listens.some(isLate);
}
