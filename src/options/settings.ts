import type { Attributes } from '@opentelemetry/api';
import { matcherOf } from './error-matcher.ts';
import type { FlushResult } from '../platform/flush.ts';
import type { EndingRules } from '../span/live-span.ts';
import { LiveSpanList } from '../span/live-span-list.ts';
import type { FlushMode, TracingOptions } from './options.ts';
import { TracerSource } from '../platform/provider.ts';

export type Ignores = (error: unknown) => boolean;

/** The state of one tracing instance: its tracer, its live spans, and defaults that `configure` may change at any time. */
export class Settings {
  readonly tracers = new TracerSource();
  readonly live = new LiveSpanList();
  enabled: boolean | (() => boolean) = true;
  attributes: Attributes | undefined;
  attributeNames: EndingRules['attributeNames'] = { error: 'error', outcome: 'oncespan.outcome' };
  ignores: Ignores = () => false;
  cancellation: 'error' | 'unset' = 'error';
  abortGraceMs = 0;
  exceptionEvents: EndingRules['exceptionEvents'] = 'every-span';
  flush: FlushMode = 'auto';
  flushTimeoutMs = 5000;
  waitUntil: ((flushed: Promise<FlushResult>) => void) | undefined;

  /** Changes what `options` names and nothing else. */
  apply({ tracerName, tracerVersion, attributeNames, ignoreErrors, ...others }: TracingOptions): void {
    if (tracerName !== undefined || tracerVersion !== undefined)
      this.tracers.identify(tracerName, tracerVersion);
    const { error = this.attributeNames.error, outcome = this.attributeNames.outcome } = attributeNames ?? {};
    this.attributeNames = { error, outcome };
    if (ignoreErrors !== undefined) this.ignores = matcherOf(ignoreErrors);
    Object.assign(this, others);
  }
}

/** Those of the default instance: of the functions that the package exports, and of the sub-paths that trace with them. */
export const defaultSettings: Settings = /* @__PURE__ */ new Settings();
