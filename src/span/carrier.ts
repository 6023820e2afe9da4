import {
  type Context,
  isSpanContextValid,
  type Link,
  propagation,
  type Span,
  type SpanContext,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import { activeContext } from '../platform/context.ts';
import { isObject } from '../platform/is-object.ts';
import { attempt, handleRejection, inWords, report } from '../platform/report.ts';
import { parentSpanContext } from './parentage.ts';

export interface WriteCarrier {
  /**
   * The active context as headers, for whoever continues the trace: the inverse of `traceTask`'s option `from`. Empty where
   * nothing is active. Never throws; that no propagator is registered is reported once.
   * https://opentelemetry.io/docs/specs/otel/context/api-propagators/#inject
   *
   * @param into what the headers are put into. Default: a new object
   * @returns `into`
   * @example
   * await queue.add('mail', { ...mail, headers: carrier() });
   */
  (into?: Record<string, string>): Record<string, string>;
}

export const writeCarrier: WriteCarrier = (into = {}) => {
  attempt('carrier()', () => {
    warnWithoutPropagator('carrier()');
    propagation.inject(activeContext(), into);
  });
  return into;
};

/**
 * `base` with the span that an answer stands for: a span context, or what a carrier carries. Without one where there is none;
 * what is there and cannot be read is reported.
 */
export function contextOf(what: string, answer: unknown, base: Context): Context {
  const without = trace.deleteSpan(base);
  if (isSpanContext(answer)) return trace.setSpanContext(without, answer);
  if (!isObject(answer) || Array.isArray(answer) || isBytes(answer)) {
    const given = isObject(answer) ? 'an array or bytes' : inWords(answer);
    report(`${what} answered ${given}; give a Context or headers`);
    return without;
  }
  handleRejection(what, answer);
  warnWithoutPropagator(`${what} answered a carrier, and so`);
  const read = attempt('reading a carrier', () => propagation.extract(without, answer, GETTER));
  if (read !== undefined && parentSpanContext(read) !== undefined) return read;
  const fields = () => traceFields().filter((name) => holds(answer, name));
  const unread = attempt('reading a carrier', fields) ?? [];
  if (unread.length > 0) report(`${what} answered a carrier whose ${unread.join(' and ')} cannot be read`);
  return read ?? without;
}

/** The names under which the registered propagators look for a trace. */
export function traceFields(): string[] {
  return propagation.fields().filter((name) => name !== 'baggage');
}

/** Whether a carrier has something under this name, in any case. */
export function holds(carrier: object, name: string): boolean {
  return valuesOf(carrier, name).next().done !== true;
}

/** The SDKs' own limit, https://opentelemetry.io/docs/specs/otel/common/#configurable-parameters */
const MOST_LINKS = 128;

/**
 * `given`, and what an answer of the option `links` stands for: links, spans and their contexts, and carriers. What cannot be
 * read is reported, and what is more than a span can have.
 */
export function linksFrom(answer: unknown, given: readonly Link[]): Link[] {
  const what = 'option "links"';
  const links = Array.from(given);
  if (Array.isArray(answer)) {
    for (const element of Array.from<unknown>(answer)) {
      const link = attempt('reading a link', () => linkFrom(what, element));
      if (link !== undefined) links.push(link);
    }
  } else if (answer !== undefined)
    report(`${what} answered ${inWords(answer)}; give an array of links, span contexts or headers`);
  const over = links.length - MOST_LINKS;
  if (over > 0) report(`${what} gave ${over} links more than the ${MOST_LINKS} that a span can have`);
  return links.slice(0, MOST_LINKS);
}

function linkFrom(what: string, element: unknown): Link | undefined {
  if (element === undefined || element === null) return undefined;
  const { context, attributes = {}, spanContext } = element as Partial<Link & Span>;
  if (isSpanContext(context)) {
    for (const value of Object.values(attributes)) handleRejection('an attribute of a link', value);
    return element as Link;
  }
  handleRejection('the context of a link', context);
  const linked =
    typeof spanContext === 'function'
      ? (element as Span).spanContext()
      : parentSpanContext(contextOf(what, element, activeContext()));
  return isSpanContext(linked) ? { context: linked } : undefined;
}

function isSpanContext(value: unknown): value is SpanContext {
  const { traceId, spanId } = (value ?? {}) as Partial<SpanContext>;
  return (
    typeof traceId === 'string' && typeof spanId === 'string' && isSpanContextValid(value as SpanContext)
  );
}

let hasWarned = false;

function warnWithoutPropagator(what: string): void {
  if (hasWarned || propagation.fields().length > 0) return;
  hasWarned = true;
  report(`${what} needs a propagator, and none is registered; startTracing() registers one`);
}

const GETTER: TextMapGetter<object> = {
  keys(carrier) {
    if (!isReader(carrier)) return Object.keys(carrier);
    const keys = typeof carrier.keys === 'function' ? Array.from(carrier.keys()) : [];
    return keys.filter((key) => typeof key === 'string');
  },
  get(carrier, name) {
    for (const value of valuesOf(carrier, name)) {
      const text = textOf(value);
      if (text !== undefined) return text;
    }
    return undefined;
  },
};

/** What a carrier has under this name, in any case. An empty text or list is what some answer where there is nothing. */
function* valuesOf(carrier: object, name: string): Generator<unknown> {
  const isThere = (value: unknown) => {
    const all = [value].flat();
    for (const each of all) handleRejection('a carrier', each);
    return all.length > 0 && value !== undefined && value !== null && value !== '';
  };
  const exact = valueOf(carrier, name);
  if (isThere(exact)) yield exact;
  for (const key of GETTER.keys(carrier)) {
    if (key === name || key.toLowerCase() !== name.toLowerCase()) continue;
    const value = valueOf(carrier, key);
    if (isThere(value)) yield value;
  }
}

interface Reader {
  get(name: string): unknown;
  keys?(): Iterable<unknown>;
}

function isReader(carrier: object): carrier is Reader {
  return typeof (carrier as Partial<Reader>).get === 'function';
}

function valueOf(carrier: object, name: string): unknown {
  if (isReader(carrier)) return carrier.get(name);
  // A message can have a class of its own, with getters. What all objects have is nobody's.
  const isThere = Object.hasOwn(carrier, name) || (name in carrier && !(name in Object.prototype));
  return isThere ? (carrier as Record<string, unknown>)[name] : undefined;
}

/** What the services of AWS wrap a text in: SQS, as its SDK and Lambda write it, SNS, and Amazon MQ. */
const WRAPPERS = ['StringValue', 'stringValue', 'Value', 'bytes'];

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (!isObject(value)) return undefined;
  if (isBytes(value)) return new TextDecoder().decode(value);
  if (Array.isArray(value)) {
    const isNumbers = value.length > 0 && value.every((byte) => Number.isInteger(byte));
    if (isNumbers) return textOf(Uint8Array.from(value as number[]));
    return value.map(textOf).find((text) => text !== undefined);
  }
  const key = WRAPPERS.find((wrapper) => Object.hasOwn(value, wrapper));
  return key === undefined ? undefined : textOf((value as Record<string, unknown>)[key]);
}

function isBytes(value: object): value is AllowSharedBufferSource {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}
