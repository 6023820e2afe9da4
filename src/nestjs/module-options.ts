import { oneOf, type Rules, TRACING_RULES } from '../options/check.ts';
import type { TracingOptions } from '../options/options.ts';
import { readOptions, refuse } from '../options/check.ts';
import type { RequestSpans } from './request-span.ts';
import { INTERCEPTOR_RULES, type InterceptorOptions } from './traced-interceptor.ts';

/** {@link TracingOptions} configure the default instance, which `@Traced()` services share. */
export interface TracingModuleOptions extends TracingOptions, InterceptorOptions {
  /**
   * `decorated` (default): handlers, and what is `@Traced()`. `providers`: also every method of the classes that the
   * application's modules list as providers, unless it is `@Untraced()`.
   */
  classes?: 'decorated' | 'providers';
  /**
   * Whether a request has a span of its own, `GET /orders/:id`, around its handler's: from before middleware and guards to the
   * end of the response, continuing the trace of its headers. `auto` (default): where nothing around the application has made
   * one, as an HTTP instrumentation does. `true`: always. `false`: never.
   */
  requests?: RequestSpans;
}

const RULES: Rules<TracingModuleOptions> = {
  ...TRACING_RULES,
  ...INTERCEPTOR_RULES,
  classes: oneOf('decorated', 'providers'),
  requests: oneOf('auto', true, false),
};

/** The options of a `TracingModule`, sorted by what they are for. */
export interface ModuleSettings {
  readonly tracing: TracingOptions;
  readonly interceptor: InterceptorOptions;
  readonly classes: 'decorated' | 'providers';
  readonly requests: RequestSpans;
}

/** @throws TypeError for a wrong option */
export function readModuleOptions(where: string, options: TracingModuleOptions): ModuleSettings {
  const {
    include,
    exclude,
    traceResponseHeader,
    classes = 'decorated',
    requests = 'auto',
    ...tracing
  } = readOptions(where, options, RULES, refuse);
  return { tracing, interceptor: { include, exclude, traceResponseHeader }, classes, requests };
}
