import type { ExecutionContext } from '@nestjs/common';
import { methodOf, ownDataProperty } from '../platform/data-property.ts';
import { holds, traceFields } from '../span/carrier.ts';

/** W3C also where no propagator is registered that could read it: who reads it reports that. */
const fields = (): string[] => ['traceparent', ...traceFields()];

/**
 * What carries the trace of a message, by the shape of what the transporters of Nest give their handlers. Only data
 * properties are read, and the methods of the contexts.
 *
 * @returns `undefined` where the producer has sent none
 */
export function carrierOf(context: ExecutionContext): object | undefined {
  const [payload, given] = context.getArgs<unknown[]>();
  const names = fields();
  for (const headers of headersOf(payload, given))
    if (isObject(headers) && names.some((name) => holds(headers, name))) return headers;
  return [payload, at(payload, 'headers')].map(textsIn).find((texts) => names.some((name) => name in texts));
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
    if (methodNamed(metadata, 'getMap') !== undefined) yield metadata;
}

/** The fields of a trace in a payload, which may have everything else besides: text that is its own, by the exact name. */
function textsIn(payload: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  if (!isObject(payload)) return texts;
  for (const name of [...fields(), 'baggage']) {
    const value = ownDataProperty(payload, name);
    if (typeof value === 'string') texts[name] = value;
  }
  return texts;
}

function answerOf(of: unknown, method: string): unknown {
  const found = methodNamed(of, method);
  return found && Reflect.apply(found, of, []);
}

function methodNamed(of: unknown, name: string) {
  return isObject(of) ? methodOf(of, name) : undefined;
}

function at(of: unknown, ...path: string[]): unknown {
  return path.reduce((value, key) => (isObject(value) ? ownDataProperty(value, key) : undefined), of);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
