// What a scenario runs in: one of the processors behind a provider, and what it does to the process, which is undone after it.

import { context, diag, DiagLogLevel } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { loggingErrorHandler, setGlobalErrorHandler } from '@opentelemetry/core';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { passAll, settled } from './clock.mjs';
import { Exporter } from './exporter.mjs';

export class World {
  /** What was told to the operator as a warning or an error. */
  warnings = [];
  /** What was told to the SDK's global error handler, if the scenario has set one. */
  handled = [];
  #contestant;
  #provider;
  #processor;
  #processors = [];

  constructor(contestant) {
    this.#contestant = contestant;
    for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
    const hear = (...words) => this.warnings.push(words.map(String).join(' '));
    const ignore = () => {};
    diag.setLogger(
      { error: hear, warn: hear, info: ignore, debug: ignore, verbose: ignore },
      { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
    );
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  /** A processor with these options; `exporter` and what the provider takes (`sampler`, `resource`) as well. */
  set({ exporter = new Exporter(), sampler, resource, ...options } = {}) {
    const processor = this.#contestant.create(exporter, options);
    const provider = new TracerProvider({ spanProcessors: [processor], sampler, resource });
    this.#processor = processor;
    this.#processors.push(processor);
    this.#provider = provider;
    return { exporter, processor, provider };
  }

  /** Starts and ends a span for each name. */
  end(...names) {
    const tracer = this.#provider.getTracer('scenario');
    for (const name of names) tracer.startSpan(name).end();
  }

  flush() {
    return this.#processor.forceFlush();
  }

  flushWithin(ms) {
    return this.#contestant.flushWithin({ processor: this.#processor, provider: this.#provider }, ms);
  }

  shutdown(options) {
    return this.#processor.shutdown(options);
  }

  environment(variables) {
    Object.assign(process.env, variables);
  }

  handleErrors() {
    setGlobalErrorHandler((error) => this.handled.push(error));
  }

  /** Shuts down what was set up, and takes back what was done to the process. */
  async close() {
    await settled(Promise.allSettled(this.#processors.map((processor) => processor.shutdown())));
    await passAll();
    setGlobalErrorHandler(loggingErrorHandler());
    context.disable();
    diag.disable();
  }
}

/** `count` names, in order. */
export const names = (count, prefix = 'span') => Array.from({ length: count }, (_, i) => `${prefix} ${i}`);
