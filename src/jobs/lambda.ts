import { type Attributes, type Context, SpanKind } from '@opentelemetry/api';
import type { Carrier, TaskOptions } from '../options/options.ts';
import { activeContext } from '../platform/context.ts';
import { activeSpan } from './active-span.ts';
import { attributesOf } from './consumer.ts';
import { overridden } from './overridden.ts';
import { carrierIn } from './producer.ts';
import { elementsOf, property, textIn } from './property.ts';
import { SQS, sqsEvent } from './sqs.ts';

/** Milliseconds before Lambda stops the process in which the span, and what lives below it, is ended and exported. */
const EXPORT_MS = 500;
/** Milliseconds before that in which Lambda has to have its answer, whatever the export has come to. */
const ANSWER_MS = 100;

/**
 * Options for the handler of an AWS Lambda function: a SERVER span named after the function; for messages of SQS a CONSUMER
 * span, `{queue} process`, linked to who has sent them. HTTP events continue the trace of their headers. Under a span of an
 * instrumentation it is a child of that span.
 *
 * The answer waits for the export, because Lambda freezes the process once it has it. An invocation that is about to be stopped
 * ends as `timed-out` 500 milliseconds before (one of less than a second at half of it), with what lives below it.
 *
 * The handler has to be async, or to stream: what a callback is told is not heard.
 * https://opentelemetry.io/docs/specs/semconv/faas/aws-lambda/
 *
 * @param options your own, which override these; attributes, and errors to ignore, add to these
 * @throws TypeError for something that is no object of options
 * @example
 * export const handler = traceTask(async (event: ApiEvent) => ({ statusCode: 200, body: event.path }), lambda());
 */
export function lambda<Args extends unknown[] = unknown[], Result = unknown>(
  options?: TaskOptions<Args, Result>,
): TaskOptions<Args, Result> {
  let isCold = true;
  const preset: TaskOptions = {
    name: nameOf,
    kind: (event) => {
      const around = activeSpan()?.kind;
      if (around === SpanKind.SERVER || around === SpanKind.CONSUMER) return SpanKind.INTERNAL;
      return sqsEvent(event) === undefined ? SpanKind.SERVER : SpanKind.CONSUMER;
    },
    attributes: (...args) => {
      const wasCold = isCold;
      isCold = false;
      return { 'faas.coldstart': wasCold, ...invocationOf(args) };
    },
    links: (event) => sqsEvent(event)?.messages.map(({ producer }) => producer),
    from: parentOf,
    timeoutMs: (...args) => {
      const left = timeLeft(args);
      return left && Math.max(left - EXPORT_MS, left / 2);
    },
    flush: 'await',
  };
  const merged = overridden('lambda()', preset, options);
  const { flushTimeoutMs } = merged;
  // Whatever the limit: an answer that comes too late is none.
  if (typeof flushTimeoutMs !== 'function') {
    merged.flushTimeoutMs = (...args) => {
      const left = timeLeft(args);
      return left === undefined
        ? flushTimeoutMs
        : Math.min(Math.max(left - ANSWER_MS, 1), flushTimeoutMs ?? Infinity);
    };
  }
  return merged;
}

/** Of a handler that streams its answer it is the third argument. */
function contextIn([, second, third]: readonly unknown[]): unknown {
  return property(third, 'getRemainingTimeInMillis') === undefined ? second : third;
}

function nameOf(...args: readonly unknown[]): string {
  const messages = sqsEvent(args[0]);
  if (messages !== undefined) return `${messages.destination ?? 'multiple_sources'} process`;
  return textIn(contextIn(args), 'functionName') ?? 'lambda';
}

function parentOf(event: unknown): Context | Carrier | undefined {
  if (activeSpan() !== undefined) return activeContext();
  // A load balancer can be told to hand over all values of a header, and then has no other headers.
  return carrierIn(event) ?? carrierIn(property(event, 'multiValueHeaders'));
}

/** Milliseconds, if there are some left. */
function timeLeft(args: readonly unknown[]): number | undefined {
  const context = contextIn(args);
  const ask = property(context, 'getRemainingTimeInMillis');
  if (typeof ask !== 'function') return undefined;
  const left: unknown = Reflect.apply(ask, context, []);
  return typeof left === 'number' && left > 0 ? left : undefined;
}

function invocationOf(args: readonly unknown[]): Attributes {
  const [event] = args;
  const context = contextIn(args);
  const messages = sqsEvent(event);
  const arn = textIn(context, 'invokedFunctionArn');
  const account = arn?.split(':')[4];
  const invocation = textIn(context, 'awsRequestId');
  return {
    ...(messages !== undefined && attributesOf(SQS, SQS, messages)),
    'faas.trigger': triggerOf(event),
    ...(invocation !== undefined && { 'faas.invocation_id': invocation }),
    ...(arn !== undefined && { 'aws.lambda.invoked_arn': arn }),
    ...(account !== undefined && { 'cloud.account.id': account }),
  };
}

const TRIGGERS = {
  'aws:sqs': 'pubsub',
  'aws:sns': 'pubsub',
  'aws:kinesis': 'pubsub',
  'aws:s3': 'datasource',
  'aws:dynamodb': 'datasource',
  'aws.events': 'timer',
};

/** https://opentelemetry.io/docs/specs/semconv/registry/attributes/faas/#faas-trigger */
function triggerOf(event: unknown): string {
  const record = elementsOf(property(event, 'Records'))?.[0];
  // SNS alone writes it with a capital letter.
  const source = textIn(record, 'eventSource') ?? textIn(record, 'EventSource') ?? textIn(event, 'source');
  // A gateway's, a load balancer's, or of the function's own address. A message of a web socket has no headers.
  const request = property(event, 'requestContext');
  const isRequest =
    ['headers', 'multiValueHeaders'].some((key) => property(event, key) !== undefined) ||
    property(request, 'connectionId') !== undefined;
  if (request !== undefined && isRequest) return 'http';
  return source !== undefined && Object.hasOwn(TRIGGERS, source)
    ? TRIGGERS[source as keyof typeof TRIGGERS]
    : 'other';
}
