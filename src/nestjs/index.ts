/**
 * Tracing for Nest 11 and 12: requests, messages, gateways and resolvers. How it all goes together: docs/nestjs.md.
 */
export { CurrentSpan } from './current-span.ts';
export { RequestSignal } from './request-signal.ts';
export { type InterceptorOptions, TracedInterceptor } from './traced-interceptor.ts';
export {
  TracingModule,
  type TracingModuleAsyncOptions,
  type TracingModuleOptions,
} from './tracing-module.ts';
