// What those who bring no SDK of their own are set up with: the NodeSDK of OpenTelemetry.

import type { Collector } from '../collector.ts';

let sdk: { start(): void; shutdown(): Promise<void> } | undefined;

export function startSdk(collector: Collector, instrumentations: readonly unknown[]): void {
  process.env.OTEL_METRICS_EXPORTER ??= 'none';
  process.env.OTEL_LOGS_EXPORTER ??= 'none';
  const { NodeSDK } = require('@opentelemetry/sdk-node');
  const started = new NodeSDK({ spanProcessors: [collector], instrumentations });
  started.start();
  sdk = started;
}

export async function shutdownSdk(): Promise<void> {
  await sdk?.shutdown();
}

/** For requests: of HTTP, and of the adapter. */
export function requestInstrumentations(adapter: 'express' | 'fastify'): unknown[] {
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
  if (adapter === 'fastify') return [new HttpInstrumentation(), fastifyInstrumentation()];
  const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
  return [new HttpInstrumentation(), new ExpressInstrumentation()];
}

export function fastifyInstrumentation(): unknown {
  const { FastifyOtelInstrumentation } = require('@fastify/otel');
  return new FastifyOtelInstrumentation({ registerOnInitialization: true });
}
