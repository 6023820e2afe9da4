import * as sdk3 from '@opentelemetry/sdk-trace';
import * as sdk2 from 'sdk-trace-2';
import { type EndedSpan, WaterfallSpanExporter } from '../../src/console/index.ts';
import { SerialBatchSpanProcessor } from '../../src/sdk/index.ts';

// Checked by the compiler, never run.

export const exporters: [sdk2.SpanExporter, sdk3.SpanExporter] = [
  new WaterfallSpanExporter(),
  new WaterfallSpanExporter({ stream: process.stderr, color: true, width: 100 }),
];

export const processors = [
  new sdk2.BatchSpanProcessor({ exporter: new WaterfallSpanExporter() }),
  new sdk2.SimpleSpanProcessor({ exporter: new WaterfallSpanExporter() }),
  new sdk3.BatchSpanProcessor({ exporter: new WaterfallSpanExporter() }),
  new sdk3.SimpleSpanProcessor({ exporter: new WaterfallSpanExporter() }),
];

export const ours = new SerialBatchSpanProcessor(new WaterfallSpanExporter());

export const spans = (two: sdk2.ReadableSpan, three: sdk3.ReadableSpan): EndedSpan[] => [two, three];

// @ts-expect-error there is no such option
export const misspelt = new WaterfallSpanExporter({ colour: true });
// @ts-expect-error a stream has a method write
export const unwritable = new WaterfallSpanExporter({ stream: {} });
