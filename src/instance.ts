import type { Tracer, TracerProvider } from '@opentelemetry/api';
import { isEnabled, type Plan } from './options/plan.ts';
import { DEFAULT_SETTINGS, type Settings } from './options/settings.ts';
import { asking, askQuietly } from './platform/asking.ts';
import { providerOf } from './platform/provider.ts';
import { PACKAGE_NAME, PACKAGE_VERSION } from './platform/package-version.ts';
import { report } from './platform/report.ts';
import { LiveSpanList } from './span/live-span-list.ts';

/** The state of one tracing instance: its settings, its tracer and its live spans. */
export class Instance {
  /** Another object after each `configure()`. */
  settings: Settings = DEFAULT_SETTINGS;
  readonly liveSpans = new LiveSpanList();
  /** The one that made the tracer. */
  provider: TracerProvider | undefined;
  #tracer: Tracer | undefined;
  #settingsOfTracer: Settings | undefined;

  /**
   * The tracer is looked up once per provider: it sticks to the one that made it, so keeping it for longer would send spans
   * to a provider that has been replaced or shut down.
   *
   * @returns `undefined` when a call with this plan is not to be traced, or there is nothing to trace with
   */
  tracerFor(plan: Plan): Tracer | undefined {
    if (asking.depth > 0) return undefined;
    const { settings } = this;
    const provider = providerOf(settings.tracerProvider);
    if (provider !== this.provider || settings !== this.#settingsOfTracer) this.#ask(provider);
    return this.#tracer !== undefined && isEnabled(plan) ? this.#tracer : undefined;
  }

  #ask(provider: TracerProvider | undefined): void {
    const { settings } = this;
    const { tracerName, tracerVersion } = settings;
    // Under another name our version would be read as somebody else's.
    const version = tracerVersion ?? (tracerName === PACKAGE_NAME ? PACKAGE_VERSION : undefined);
    const ask = (): Tracer | undefined =>
      provider!.getTracer(tracerName, version) ?? void report('provider.getTracer() gave no tracer');
    this.#tracer = provider && askQuietly('provider.getTracer()', ask);
    // One that failed is asked again at the next call.
    this.provider = this.#tracer && provider;
    this.#settingsOfTracer = settings;
  }
}

/** The default one: of the functions that the package exports, and of the sub-paths that trace with them. */
export const defaultInstance: Instance = /* @__PURE__ */ new Instance();
