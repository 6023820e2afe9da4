import {
  type Context,
  context,
  type Span,
  type SpanOptions,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { noSpan } from '../span/parentage.ts';
import { isUntraced } from '../platform/untraced-context.ts';
import { registeredProvider } from '../platform/provider.ts';
import type { Recording } from './recording.ts';

let current: Recording | undefined;

/** Has every tracer of {@link recordingProvider} record into `recording`, or into none. */
export function recordInto(recording: Recording | undefined): void {
  current = recording;
}

/**
 * Asks at each span where it is to go: a tracer that a module keeps outlives the recorder that it first met. With no
 * recorder, that is the provider that is registered.
 */
class RecordingTracer implements Tracer {
  readonly #name: string;
  readonly #version: string | undefined;

  constructor(name: string, version: string | undefined) {
    this.#name = name;
    this.#version = version;
  }

  startSpan(name: string, options?: SpanOptions, within: Context = context.active()): Span {
    // As a tracer of an SDK does.
    if (isUntraced(within)) return noSpan();
    if (current !== undefined) return current.startSpan(name, options, within);
    const registered = registeredProvider();
    if (registered === undefined || registered === recordingProvider) return noSpan();
    return registered.getTracer(this.#name, this.#version).startSpan(name, options, within);
  }

  startActiveSpan<R>(name: string, ...rest: unknown[]): R {
    const fn = rest.pop() as (span: Span) => R;
    const [options, within = context.active()] = rest as [SpanOptions?, Context?];
    const span = this.startSpan(name, options, within);
    return context.with(trace.setSpan(within, span), fn, undefined, span);
  }
}

/** The one provider of all recorders. No SDK is needed to test with it, and a flush finds everything delivered. */
export const recordingProvider: TracerProvider = {
  getTracer: (name, version) => new RecordingTracer(name, version),
};
