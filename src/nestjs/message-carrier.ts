import type { ExecutionContext } from '@nestjs/common';
import { methodOf, ownDataProperty } from '../platform/data-property.ts';
import { isObject } from '../platform/is-object.ts';
import { attempt } from '../platform/report.ts';
import { holds, traceFields } from '../span/carrier.ts';

/**
 * What carries the trace of a message, by the shape of what the transporters of Nest give their handlers. Only data
 * properties are read, and the methods of Nest's contexts.
 *
 * @returns `undefined` where the producer has sent none
 */
export function carrierOf(context: ExecutionContext): object | undefined {
  const [payload, given] = context.getArgs<unknown[]>();
  // W3C also where no propagator is registered that could read it: who reads it reports that.
  const names = ['traceparent', ...traceFields()];
  for (const headers of headersOf(payload, given))
    if (isObject(headers) && [...names, 'baggage'].some((name) => holds(headers, name))) return headers;
  for (const fields of [payload, at(payload, 'headers')])
    if (isObject(fields) && names.some((name) => textIn(fields, name) !== undefined))
      return textsIn(fields, [...names, 'baggage']);
  return undefined;
}

function* headersOf(payload: unknown, given: unknown): Generator<unknown> {
  const message = answerOf(given, 'getMessage');
  yield at(message, 'properties', 'headers'); // RabbitMQ
  yield at(message, 'headers'); // Kafka
  yield answerOf(given, 'getHeaders'); // NATS
  yield at(answerOf(given, 'getPacket'), 'properties', 'userProperties'); // MQTT 5
  yield answerOf(given, 'getMetadata'); // Redis and TCP, from Nest 12 on
  // gRPC: the second argument, or within the one that a handler of the whole call gets.
  for (const metadata of [given, at(payload, 'metadata')])
    if (methodIn(metadata, 'getMap') !== undefined) yield metadata;
}

/** The fields of a trace, without what else a payload has: another library may call something of its own `baggage`. */
function textsIn(fields: object, names: readonly string[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name of names) {
    const text = textIn(fields, name);
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}

function textIn(fields: object, name: string): string | undefined {
  const value = ownDataProperty(fields, name);
  return typeof value === 'string' ? value : undefined;
}

function answerOf(of: unknown, method: string): unknown {
  const found = methodIn(of, method);
  return found && attempt(`${method}() of a message`, () => Reflect.apply(found, of, []) as unknown);
}

function methodIn(of: unknown, name: string) {
  return isObject(of) ? methodOf(of, name) : undefined;
}

function at(of: unknown, ...path: string[]): unknown {
  return path.reduce((value, key) => (isObject(value) ? ownDataProperty(value, key) : undefined), of);
}
