import {
  type Context,
  isSpanContextValid,
  type Link,
  propagation,
  type SpanContext,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import { activeContext } from '../platform/context.ts';
import { attempt, handleRejection, inWords, report } from '../platform/report.ts';
import { parentSpanContext } from './parentage.ts';

export interface WriteCarrier {
  /**
   * The active context as headers, for whoever continues the trace: the inverse of `traceTask`'s option `from`. Empty where
   * nothing is active. Never throws; without a registered propagator that is reported.
   *
   * @param into what the headers are put into. Default: a new object
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

/** `base` with what the carrier carries: without a span where it carries none. A carrier that cannot be read is reported. */
export function contextOf(what: string, carrier: unknown, base: Context): Context {
  const without = trace.deleteSpan(base);
  if (typeof carrier !== 'object' || carrier === null) {
    report(`${what} answered ${inWords(carrier)}; give a Context or headers`);
    return without;
  }
  warnWithoutPropagator(`${what} answered a carrier, and so`);
  const read = attempt('reading a carrier', () => propagation.extract(without, carrier, GETTER));
  if (read !== undefined && parentSpanContext(read) !== undefined) return read;
  const fields = () => traceFields().filter((name) => holds(carrier, name));
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
  return GETTER.get(carrier, name) !== undefined;
}

/** The SDKs' own limit, https://opentelemetry.io/docs/specs/otel/common/#configurable-parameters */
const MOST_LINKS = 128;

/** What an answer of the option `links` stands for: links, span contexts, and carriers. What cannot be read is left out. */
export function linksFrom(answer: unknown): Link[] {
  const what = 'option "links"';
  if (answer === undefined) return [];
  if (!Array.isArray(answer)) {
    report(`${what} answered ${inWords(answer)}; give an array of links, span contexts or headers`);
    return [];
  }
  const links = Array.from<unknown>(answer).flatMap(
    (element: unknown) => attempt('reading a link', () => linkFrom(what, element)) ?? [],
  );
  const over = links.length - MOST_LINKS;
  if (over > 0) report(`${what} gave ${over} links more than the ${MOST_LINKS} that a span can have`);
  return links.slice(0, MOST_LINKS);
}

function linkFrom(what: string, element: unknown): Link | undefined {
  if (element === undefined || element === null) return undefined;
  const { context } = element as Partial<Link>;
  if (isSpanContext(context)) return element as Link;
  const linked = isSpanContext(element)
    ? element
    : parentSpanContext(contextOf(what, element, activeContext()));
  return linked && { context: linked };
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
    const exact = textOf(valueOf(carrier, name));
    if (exact !== undefined) return exact;
    const same = GETTER.keys(carrier).find((key) => key.toLowerCase() === name.toLowerCase());
    return same === undefined ? undefined : textOf(valueOf(carrier, same));
  },
};

interface Reader {
  get(name: string): unknown;
  keys?(): Iterable<unknown>;
}

function isReader(carrier: object): carrier is Reader {
  return typeof (carrier as Partial<Reader>).get === 'function';
}

function valueOf(carrier: object, name: string): unknown {
  if (isReader(carrier)) return carrier.get(name);
  return Object.hasOwn(carrier, name) ? (carrier as Record<string, unknown>)[name] : undefined;
}

function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return textOf(value[0]);
  if (ArrayBuffer.isView(value)) return new TextDecoder().decode(value);
  // An empty one is what some answer where there is none.
  if (typeof value === 'string' && value !== '') return value;
  handleRejection('a carrier', value);
  return undefined;
}
