import { copied, isRecord, oneOf, rule, type Rules, TRACING_RULES } from '../options/check.ts';
import type { TracingOptions } from '../options/options.ts';
import { readOptions, refuse } from '../options/check.ts';
import type { RequestSpans } from './request-parent.ts';
import type { ProviderChoice } from './trace-providers.ts';
import { INTERCEPTOR_RULES, type InterceptorOptions } from './traced-interceptor.ts';

/**
 * Options of the module. {@link TracingOptions} configure the default instance, which `@Traced()` services share.
 *
 * @example
 * TracingModule.forRoot({ exclude: ['/health'], classes: { exclude: [PriceCache] }, requests: true });
 */
export interface TracingModuleOptions extends TracingOptions, InterceptorOptions {
  /**
   * `decorated`: handlers, and what is `@Traced()`. `providers`: also every method of the classes that the application's own
   * modules list as providers, unless it is `@Untraced()`; not what packages and dynamic modules bring. `{ include, exclude }`:
   * as `providers`, with these modules and classes, and without those.
   *
   * @default `decorated`
   */
  classes?: 'decorated' | 'providers' | ProviderChoice;
  /**
   * Whether a request has a span of its own, `GET /orders/:id`, around its handler's: from before middleware and guards to the
   * end of the response, continuing the trace of its headers. `auto`: where nothing around the application has made one, as an
   * HTTP instrumentation does. `true`: always. `false`: never.
   *
   * @default `auto`
   */
  requests?: RequestSpans;
}

const isClasses = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((type) => typeof type === 'function'));

const someClasses = copied(
  rule(
    "'decorated', 'providers' or { include?, exclude? } with arrays of modules and classes",
    (value) =>
      ['decorated', 'providers'].includes(value as string) ||
      (isRecord(value) &&
        Object.entries(value as object).every(
          ([key, types]) => ['include', 'exclude'].includes(key) && isClasses(types),
        )),
  ),
);

const RULES: Rules<TracingModuleOptions> = {
  ...TRACING_RULES,
  ...INTERCEPTOR_RULES,
  classes: someClasses,
  requests: oneOf('auto', true, false),
};

/** The options of a `TracingModule`, sorted by what they are for. */
export interface ModuleSettings {
  readonly tracing: TracingOptions;
  readonly interceptor: InterceptorOptions;
  /** Which providers are traced, if they are. */
  readonly providers: ProviderChoice | undefined;
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
  const providers = classes === 'providers' ? {} : classes === 'decorated' ? undefined : classes;
  return { tracing, interceptor: { include, exclude, traceResponseHeader }, providers, requests };
}
