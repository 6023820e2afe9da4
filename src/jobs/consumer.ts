import { type Attributes, type Context, type SpanContext, SpanKind, trace } from '@opentelemetry/api';
import type { Carrier, TaskOptions } from '../options/options.ts';
import { activeContext } from '../platform/context.ts';
import { activeSpan } from './active-span.ts';

/** A job or message, as far as it shows what it is. */
export interface Message {
  readonly id: string | undefined;
  /** Of whoever has sent it. A getter: it is dear to read, and only the parent and the links need it. */
  readonly producer: SpanContext | Carrier | undefined;
  /** The first is 1. */
  readonly attempt: number | undefined;
  /** Whether it was sent for later, or again and again. */
  readonly isPostponed: boolean;
}

/** What one call is given. */
export interface Delivery {
  readonly destination: string | undefined;
  readonly messages: readonly Message[];
  /** Whether it counts as a batch, whatever the number of messages. */
  readonly isBatch: boolean;
  readonly attributes?: Attributes;
}

/** Reads the arguments of a call. They may be anything, and it never throws. */
export type Read = (args: readonly unknown[]) => Delivery;

/**
 * The options of whoever processes messages: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 *
 * A span is always linked to who has sent the messages, and a child of that only where the trace stays short: on the first
 * attempt of a single message that was sent for at once, with no other span active. Under one that is, it is that one's child.
 *
 * @param system how the conventions call it
 * @param namespace of its own attributes, as `messaging.<namespace>.attempt`
 */
export function consumer(system: string, namespace: string, read: Read): TaskOptions {
  return {
    name: (...args) => nameOf(read(args)),
    kind: (...args) => (isProcessed(read(args)) ? SpanKind.INTERNAL : SpanKind.CONSUMER),
    attributes: (...args) => attributesOf(system, namespace, read(args)),
    links: (...args) => read(args).messages.map(({ producer }) => producer),
    from: (...args) => parentOf(read(args)),
  };
}

export function nameOf({ destination }: Delivery): string {
  return destination === undefined ? 'process' : `process ${destination}`;
}

export function attributesOf(
  system: string,
  namespace: string,
  { destination, messages, isBatch, attributes }: Delivery,
): Attributes {
  const [single] = isBatch ? [] : messages;
  return {
    'messaging.system': system,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    ...(destination !== undefined && { 'messaging.destination.name': destination }),
    ...(isBatch && { 'messaging.batch.message_count': messages.length }),
    ...(single?.id !== undefined && { 'messaging.message.id': single.id }),
    ...(single?.attempt !== undefined && { [`messaging.${namespace}.attempt`]: single.attempt }),
    ...attributes,
  };
}

/** Whether the active span already stands for the processing of just these messages: of the queue itself, or an instrumentation. */
function isProcessed({ messages, isBatch }: Delivery): boolean {
  const active = activeSpan();
  if (active?.kind !== SpanKind.CONSUMER) return false;
  const { attributes } = active;
  const count = attributes['messaging.batch.message_count'];
  if (count !== undefined || isBatch) return count === messages.length && isBatch;
  const id = attributes['messaging.message.id'] ?? attributes['bullmq.job.id'];
  return id === undefined || id === messages[0]?.id;
}

function parentOf({ messages, isBatch }: Delivery): Context | SpanContext | Carrier {
  const active = activeSpan();
  // One that is not sampled may be that of the request in which the worker was started: no job would ever be traced. Where
  // it does stand for these messages, who has sent them was not sampled either.
  if (active?.isRecording || (active && !messages.some(({ producer }) => producer))) return activeContext();
  const [single] = messages;
  const isChild = !isBatch && single?.isPostponed === false && (single.attempt ?? 1) === 1;
  return (isChild ? single.producer : undefined) ?? trace.deleteSpan(activeContext());
}
