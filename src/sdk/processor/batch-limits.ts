import { readOptions, refuse } from '../../options/check.ts';
import { inWords, report } from '../../platform/report.ts';
import { environmentVariable } from '../environment-variable.ts';

/** Every option is optional; where one is missing, its environment variable counts, then the default. */
export interface BatchOptions {
  /** Spans that wait at the most; what ends beyond them is dropped. Default 2048, or `OTEL_BSP_MAX_QUEUE_SIZE`. */
  maxQueueSize?: number;
  /** Spans in one export at the most, and the number that starts one. Default 512, or `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`. */
  maxExportBatchSize?: number;
  /** Milliseconds that a span waits for others. Default 5000, or `OTEL_BSP_SCHEDULE_DELAY`. */
  scheduledDelayMillis?: number;
  /** Milliseconds that an export may take; 0 for no limit. Default 30000, or `OTEL_BSP_EXPORT_TIMEOUT`. */
  exportTimeoutMillis?: number;
}

export type BatchLimits = Required<BatchOptions>;

type Key = keyof BatchLimits;

const isInteger = (value: unknown): value is number => Number.isInteger(value);
const count = {
  expected: 'an integer, 1 or more',
  accepts: (value: unknown) => isInteger(value) && value >= 1,
};
const milliseconds = {
  expected: 'an integer number of milliseconds, 0 or more',
  accepts: (value: unknown) => isInteger(value) && value >= 0,
};

const RULES = {
  maxQueueSize: count,
  maxExportBatchSize: count,
  scheduledDelayMillis: milliseconds,
  exportTimeoutMillis: milliseconds,
};

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor */
const SETTINGS: { readonly [K in Key]: { readonly variable: string; readonly byDefault: number } } = {
  maxQueueSize: { variable: 'OTEL_BSP_MAX_QUEUE_SIZE', byDefault: 2048 },
  maxExportBatchSize: { variable: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', byDefault: 512 },
  scheduledDelayMillis: { variable: 'OTEL_BSP_SCHEDULE_DELAY', byDefault: 5000 },
  exportTimeoutMillis: { variable: 'OTEL_BSP_EXPORT_TIMEOUT', byDefault: 30_000 },
};

/**
 * The limits in force. A time-out without limit is `Infinity`.
 *
 * @throws TypeError for a wrong option; a wrong variable is reported and ignored
 */
export function readBatchLimits(options: BatchOptions | undefined): BatchLimits {
  const given = readOptions('SerialBatchSpanProcessor', options, RULES, refuse);
  const read = (key: Key) => given[key] ?? fromEnvironment(key) ?? SETTINGS[key].byDefault;
  const maxQueueSize = read('maxQueueSize');
  return {
    maxQueueSize,
    maxExportBatchSize: batchWithin(maxQueueSize, given.maxExportBatchSize, read('maxExportBatchSize')),
    scheduledDelayMillis: read('scheduledDelayMillis'),
    // Zero means no limit: https://opentelemetry.io/docs/specs/otel/configuration/common/#timeout
    exportTimeoutMillis: read('exportTimeoutMillis') || Infinity,
  };
}

/** A batch never fills if the queue is smaller. Only who asked for both can be told so; a default gives way. */
function batchWithin(maxQueueSize: number, given: number | undefined, size: number): number {
  if (given !== undefined && given > maxQueueSize) {
    refuse(
      `SerialBatchSpanProcessor: option 'maxExportBatchSize' is ${given}; give ${maxQueueSize} (maxQueueSize) or less`,
    );
  }
  return Math.min(size, maxQueueSize);
}

function fromEnvironment(key: Key): number | undefined {
  const { variable, byDefault } = SETTINGS[key];
  const text = environmentVariable(variable);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (RULES[key].accepts(value)) return value;
  report(`${variable} is ${inWords(text)}; give ${RULES[key].expected}; ${byDefault} is used`);
  return undefined;
}
