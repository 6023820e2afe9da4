export type { BatchOptions } from './processor/batch-limits.ts';
export type { ShutdownProvider } from './lifecycle/shut-down-provider.ts';
export { endLiveSpans } from './lifecycle/end-live-spans.ts';
export type { ForceFlushOptions } from './processor/flush-waiters.ts';
export {
  acquireTracerProvider,
  type AcquireOptions,
  type ProviderLease,
  type ReleaseOptions,
} from './lifecycle/provider-lease.ts';
export type { EndedSpan, Exporter, ExportResult } from './processor/sdk-shapes.ts';
export { SerialBatchSpanProcessor, type ShutdownOptions } from './processor/serial-batch-span-processor.ts';
export type { DeliveryStats } from './processor/delivery.ts';
export type { StartOptions, StartTracing } from './lifecycle/start-tracing.ts';
export type { DropCounts } from './processor/span-queue.ts';
