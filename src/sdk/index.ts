export { type BatchOptions } from './batch-limits.ts';
export type { ForceFlushOptions } from './flush-waiters.ts';
export type { EndedSpan, Exporter, ExportResult } from './sdk-shapes.ts';
export { SerialBatchSpanProcessor, type ShutdownOptions } from './serial-batch-span-processor.ts';
export type { DeliveryStats } from './serial-passes.ts';
