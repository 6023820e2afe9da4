import type { SpanContext } from '@opentelemetry/api';
import type { Carrier, TaskOptions } from '../options/options.ts';
import { consumer, type Delivery, type Message } from './consumer.ts';
import { overridden } from './overridden.ts';
import { carrierIn, fromTraceHeader } from './producer.ts';
import { elementsOf, numberIn, property, textIn } from './property.ts';

/** How the conventions call it, and the namespace of its attributes. */
export const SQS = 'aws_sqs';

/**
 * Options for a function that gets messages of Amazon SQS: one message or an array of them, as the SDK, `sqs-consumer` or a
 * Lambda event gives them. A `process {queue}` span of kind CONSUMER, linked to who has sent the messages, their producers. A
 * single message is a child of its producer the first time it is received, if no other span is active; else it makes a trace
 * of its own. An array is a batch, even of one.
 *
 * The producer's context is `traceparent` among the message's attributes, or the system attribute `AWSTraceHeader`. Only the
 * messages of a Lambda event say which queue they come from.
 *
 * @param options your own, which override these; attributes, and errors to ignore, add to these
 * @throws TypeError for something that is no object of options
 * @example
 * Consumer.create({ queueUrl, handleMessage: traceTask(receive, sqs({ name: 'process mail' })) });
 */
export function sqs<Args extends unknown[] = unknown[], Result = unknown>(
  options?: TaskOptions<Args, Result>,
): TaskOptions<Args, Result> {
  return overridden('sqs()', consumer(SQS, SQS, read), options);
}

function read([given]: readonly unknown[]): Delivery {
  const event = sqsEvent(given);
  if (event !== undefined) return event;
  const batch = elementsOf(given);
  return { ...deliveryOf(batch ?? [given]), isBatch: batch !== undefined };
}

/** The event with which Lambda hands over messages: a batch, even of one. */
export function sqsEvent(event: unknown): Delivery | undefined {
  const records = elementsOf(property(event, 'Records'));
  return textIn(records?.[0], 'eventSource') === 'aws:sqs' ? deliveryOf(records!) : undefined;
}

function deliveryOf(messages: readonly unknown[]): Delivery {
  const queues = new Set(messages.map(queueOf));
  return {
    destination: queues.size === 1 ? Array.from(queues)[0] : undefined,
    messages: messages.map(messageOf),
    isBatch: true,
  };
}

/** The last part of its queue's name: `arn:aws:sqs:eu-central-1:123456789012:mail`. */
function queueOf(message: unknown): string | undefined {
  return textIn(message, 'eventSourceARN')?.split(':').at(-1);
}

/** The SDK and Lambda write the same properties with a capital and a small letter. */
function messageOf(message: unknown): Message {
  const system = property(message, 'attributes') ?? property(message, 'Attributes');
  return {
    id: textIn(message, 'messageId') ?? textIn(message, 'MessageId'),
    get producer() {
      return producerOf(message, textIn(system, 'AWSTraceHeader'));
    },
    attempt: numberIn(system, 'ApproximateReceiveCount'),
    isPostponed: false,
  };
}

function producerOf(message: unknown, traceHeader: string | undefined): Carrier | SpanContext | undefined {
  const attributes = property(message, 'messageAttributes') ?? property(message, 'MessageAttributes');
  return carrierIn(attributes) ?? fromTraceHeader(traceHeader);
}
