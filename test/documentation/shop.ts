// The shop of which the examples in docstrings tell: what they neither declare nor import. Types alone; nothing of it runs.

import type { MeterProvider, TracerProvider as AnyTracerProvider } from '@opentelemetry/api';
import type { TracerProvider } from '@opentelemetry/sdk-trace';
import type { Job, Queue } from 'bullmq';
import type { PgBoss } from 'pg-boss';
import type { Carrier, LiveSpan } from '../../src/index.ts';
import type { Exporter, ProviderLease, SerialBatchSpanProcessor } from '../../src/sdk/index.ts';
import type { SpanRecorder } from '../../src/testing/index.ts';

// oxlint-disable-next-line import/export -- what an example would import from elsewhere
export { Body, Controller, Get, Module, Param, Post } from '@nestjs/common';
export { type Span, SpanKind } from '@opentelemetry/api';
export { W3CTraceContextPropagator } from '@opentelemetry/core';
export { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
export { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
export { Worker } from 'bullmq';
export { Consumer } from 'sqs-consumer';
export { expect } from 'vitest';

export interface Order {
  readonly id: string;
  readonly kind: string;
  readonly lines: readonly string[];
  readonly headers: Carrier;
}
export declare const order: Order;
export declare const signal: AbortSignal;
export declare function sendReceipt(order: Order, signal?: AbortSignal): Promise<{ readonly bytes: number }>;
export declare function price(lines: readonly string[]): Promise<number>;
export declare class NotFound extends Error {}
export declare class HttpError extends Error {
  readonly status: number;
}
export declare const flags: { readonly tracing: boolean };
export declare const rows: readonly string[];
export declare const row: string;
export declare function save(row: string): Promise<void>;
export declare const live: LiveSpan;
export declare function complete(prompt: string): Promise<AsyncIterable<string>>;

// Jobs.
export declare const queue: Queue;
export declare const mail: { readonly to: string };
export declare const connection: { readonly host: string };
export declare function sendMail(job: Pick<Job, 'data'>): Promise<void>;
export declare function sendAll(
  jobs: readonly { readonly data: { readonly headers?: Carrier } }[],
): Promise<void>;
export declare const boss: PgBoss;
export declare const queueUrl: string;
export declare function receive(message: { readonly Body?: string }): Promise<undefined>;

// Serverless.
export interface ApiEvent {
  readonly path: string;
}
export declare function handle(
  event: ApiEvent,
  context: { getRemainingTimeInMillis(): number },
): Promise<void>;
export declare function respond(
  request: Request,
  env: object,
  ctx: { waitUntil(promise: Promise<unknown>): void },
): Promise<Response>;

// The process.
export declare function buildProvider(): TracerProvider;
export declare const auditProvider: AnyTracerProvider;
export declare const exporter: Exporter;
export declare const meterProvider: MeterProvider;
export declare const processor: SerialBatchSpanProcessor;
export declare const spanProcessors: SerialBatchSpanProcessor[];
export declare const lease: ProviderLease;
export declare const worker: { close(): Promise<void> };
export declare const sdk: { shutdown(): Promise<void> };
export declare const stopping: AbortSignal;
export declare const request: Request;

// Nest.
export declare const app: { useGlobalInterceptors(...interceptors: object[]): void };
export declare class OrdersModule {}
export declare class PriceCache {}
export declare class ConfigModule {}
export declare class ConfigService {
  get(name: string): string | undefined;
}
export declare class OrdersService {
  place(order: Order): Promise<Order>;
  find(id: string, options: { signal: AbortSignal }): Promise<Order>;
}

// Tests.
export declare const spans: SpanRecorder;
export declare class Orders {
  place(order: Order): Promise<void>;
}
