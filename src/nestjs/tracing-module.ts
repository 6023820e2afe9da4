import {
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { APP_INTERCEPTOR, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { endSpansOf } from '../span/end-many.ts';
import { activeContext } from '../platform/context.ts';
import { registeredProvider } from '../platform/provider.ts';
import { configure, flush } from '../index.ts';
import { type ModuleSettings, readModuleOptions, type TracingModuleOptions } from './module-options.ts';
import { traceMessages } from './trace-messages.ts';
import { traceRequests } from './trace-requests.ts';
import { amendTraced, traceProviders } from './trace-providers.ts';
import { TracedInterceptor } from './traced-interceptor.ts';

export type { TracingModuleOptions } from './module-options.ts';

/**
 * Where the options come from, as Nest's other modules have it.
 *
 * @example
 * TracingModule.forRootAsync({
 *   imports: [ConfigModule],
 *   inject: [ConfigService],
 *   useFactory: async (config: ConfigService) => ({ enabled: config.get('TRACING') === 'on' }),
 * });
 */
export interface TracingModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /**
   * What `useFactory` is called with.
   *
   * @default nothing
   */
  readonly inject?: NonNullable<Extract<Provider, { useFactory: unknown }>['inject']>;
  /** Answers the options, or a promise of them. What it throws fails the start of the application. */
  readonly useFactory: (...dependencies: never[]) => TracingModuleOptions | Promise<TracingModuleOptions>;
}

const SETTINGS = Symbol('oncespan.nestjs.settings');

/**
 * Traces a Nest application: every request, every handler by a global {@link TracedInterceptor}, and what is `@Traced()` below.
 *
 * The options configure the default instance, the one behind `@Traced()` and `traceTask`. When the application has shut
 * down, the live spans of the process end as `shutdown` and are flushed. For that on a signal, call
 * `app.enableShutdownHooks()`. Spans that `app.close()` is called in stay open.
 *
 * It needs a tracer provider and a context manager, registered before the application listens.
 */
export class TracingModule implements OnModuleInit, OnApplicationShutdown {
  /**
   * The module with these options, for the `imports` of the application's root module.
   *
   * @throws TypeError for a wrong option
   * @example
   * \@Module({ imports: [TracingModule.forRoot({ exclude: ['/health'] }), OrdersModule] })
   * class AppModule {}
   */
  static forRoot(options: TracingModuleOptions = {}): DynamicModule {
    const settings = readModuleOptions('TracingModule.forRoot()', options);
    return moduleWith({ provide: SETTINGS, useValue: settings });
  }

  /**
   * As {@link forRoot}, with options that have to be waited for. A wrong one fails the start of the application.
   *
   * @example
   * TracingModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ enabled: config.get('TRACING') === 'on' }),
   * });
   */
  static forRootAsync({ imports, inject, useFactory }: TracingModuleAsyncOptions): DynamicModule {
    const read = async (...dependencies: never[]) =>
      readModuleOptions('TracingModule.forRootAsync()', await useFactory(...dependencies));
    return { ...moduleWith({ provide: SETTINGS, inject, useFactory: read }), imports };
  }

  readonly #settings: ModuleSettings;
  readonly #host: Partial<HttpAdapterHost>;

  constructor(settings: ModuleSettings, modules: ModulesContainer, host: Partial<HttpAdapterHost>) {
    const { tracing, providers } = settings;
    this.#settings = settings;
    this.#host = host;
    amendTraced(modules);
    if (providers !== undefined) traceProviders(modules, providers);
    configure(tracing);
    traceMessages(modules);
    shutDownLast(modules);
    // Loaded lazily, a module is not told that it has been.
    this.onModuleInit();
  }

  // Once more: a testing module gets its adapter when its providers are there.
  onModuleInit(): void {
    const { interceptor, requests } = this.#settings;
    const { httpAdapter } = this.#host;
    // `null` where the application serves no HTTP.
    if (httpAdapter != null) traceRequests(httpAdapter, { ...interceptor, requests });
  }

  async onApplicationShutdown(signal?: string): Promise<void> {
    const provider = registeredProvider();
    // Nobody waits for a signal to be handled, whatever context its listener was added in.
    const caller = signal === undefined ? activeContext() : undefined;
    if (provider !== undefined) endSpansOf(provider, caller);
    await flush();
  }
}

function moduleWith(settings: Provider): DynamicModule {
  const interceptor: Provider = {
    provide: APP_INTERCEPTOR,
    inject: [SETTINGS],
    useFactory: ({ interceptor: options }: ModuleSettings) => new TracedInterceptor(options),
  };
  return { module: TracingModule, providers: [settings, interceptor] };
}

/** Until then other modules wait for the work that is under way, as that of BullMQ does for its jobs. Nest goes by the distance. */
function shutDownLast(modules: ModulesContainer): void {
  for (const module of modules.values()) if (module.metatype === TracingModule) module.distance = Infinity;
}

Inject(SETTINGS)(TracingModule, undefined, 0);
Inject(ModulesContainer)(TracingModule, undefined, 1);
Inject(HttpAdapterHost)(TracingModule, undefined, 2);
Module({})(TracingModule);
