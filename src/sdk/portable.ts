export { type BatchOptions } from './batch-limits.ts';
export type { ShutdownProvider } from './close-provider.ts';
export { endLiveSpans } from './end-live-spans.ts';
export type { ForceFlushOptions } from './flush-waiters.ts';
export {
  acquireTracerProvider,
  type AcquireOptions,
  type ProviderLease,
  type ReleaseOptions,
} from './provider-lease.ts';
export type { EndedSpan, Exporter, ExportResult } from './sdk-shapes.ts';
export { SerialBatchSpanProcessor, type ShutdownOptions } from './serial-batch-span-processor.ts';
export type { DeliveryStats } from './serial-passes.ts';
export type { StartOptions, StartTracing } from './start-tracing.ts';
