/** Traces as pictures in a terminal, for development. */
export type { EndedSpan } from './ended-span.ts';
export type { OutputStream, WaterfallOptions } from './terminal.ts';
export { type ExportResult, WaterfallSpanExporter } from './waterfall-span-exporter.ts';
