/**
 * Options for the jobs of well-known systems, made of the shape of what those hand over: nothing of theirs is imported.
 *
 * Names and attributes follow the semantic conventions 1.44 for messaging and FaaS, which are not stable yet
 * (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/).
 */
export { bullmq, type BullMQOptions } from './bullmq.ts';
export { lambda } from './lambda.ts';
export { pgBoss } from './pg-boss.ts';
export { sqs } from './sqs.ts';
