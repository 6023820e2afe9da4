export { CurrentSpan } from './current-span.ts';
export { RequestSignal } from './request-signal.ts';
export { type InterceptorOptions, TracedInterceptor } from './traced-interceptor.ts';
export {
  TracingModule,
  type TracingModuleAsyncOptions,
  type TracingModuleOptions,
} from './tracing-module.ts';
