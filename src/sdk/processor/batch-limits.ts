import type { MeterProvider } from '@opentelemetry/api';
import { readOptions, refuse, rule, type Rule } from '../../options/check.ts';
import { inWords, report } from '../../platform/report.ts';
import { environmentVariable } from '../../platform/environment-variable.ts';

/**
 * Limits of a {@link SerialBatchSpanProcessor}. Each is optional; where one is missing, its environment variable counts, then
 * the default. Names and defaults are those of the specification.
 * https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor
 *
 * @example
 * new SerialBatchSpanProcessor(exporter, {
 *   maxQueueSize: 8192,
 *   maxExportBatchSize: 1024,
 *   scheduledDelayMillis: 1000,
 *   exportTimeoutMillis: 10_000,
 *   maxConcurrentExports: 4,
 *   shutdownTimeoutMillis: 15_000,
 *   meterProvider,
 * });
 */
export interface BatchOptions {
  /**
   * Spans that wait at the most; what ends beyond them is dropped, and counted. Spans that this library ends in one go (an
   * abort, a shutdown) are kept all the same.
   *
   * @default 2048, or `OTEL_BSP_MAX_QUEUE_SIZE`
   */
  maxQueueSize?: number;
  /**
   * Spans in one export at the most, and the number that starts one. More than `maxQueueSize` is reduced to it, and reported.
   *
   * @default 512, or `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`
   */
  maxExportBatchSize?: number;
  /**
   * Milliseconds that a span waits for others. Not on Workers: docs/hosts.md.
   *
   * @default 5000, or `OTEL_BSP_SCHEDULE_DELAY`
   */
  scheduledDelayMillis?: number;
  /**
   * Milliseconds that one export may take; 0 or `Infinity` for no limit. One that takes longer is given up: its spans count as
   * `unknown`.
   *
   * @default 30000, or `OTEL_BSP_EXPORT_TIMEOUT`
   */
  exportTimeoutMillis?: number;
  /**
   * Exports that may be under way at once; the specification allows one. Only for an exporter that can do several at once, as
   * the OTLP ones can (30). docs/delivery.md says when it is needed. Not on Workers, where each flush exports by itself.
   *
   * @default 1, or `OTEL_BSP_MAX_CONCURRENT_EXPORTS`
   */
  maxConcurrentExports?: number;
  /**
   * Milliseconds that a shutdown may take as a whole; 0 or `Infinity` for no limit.
   *
   * @default 30000
   */
  shutdownTimeoutMillis?: number;
  /**
   * Where the processor counts what it does: `otel.sdk.processor.span.*`.
   * https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
   *
   * @default none: it counts for `stats()` alone
   */
  meterProvider?: MeterProvider;
}

type Limit = Exclude<keyof BatchOptions, 'meterProvider'>;

/** The limits in force. A time-out without limit is `Infinity`. */
export type BatchLimits = Readonly<Record<Limit, number>>;

const count = rule('an integer, 1 or more', (value) => Number.isSafeInteger(value) && (value as number) >= 1);
const milliseconds = rule(
  'an integer number of milliseconds, 0 or more',
  (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 0),
);

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor; the last is the Rust SDK's. */
const LIMITS: Readonly<Record<Limit, { rule: Rule; byDefault: number; variable?: string }>> = {
  maxQueueSize: { rule: count, byDefault: 2048, variable: 'OTEL_BSP_MAX_QUEUE_SIZE' },
  maxExportBatchSize: { rule: count, byDefault: 512, variable: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE' },
  scheduledDelayMillis: { rule: milliseconds, byDefault: 5000, variable: 'OTEL_BSP_SCHEDULE_DELAY' },
  exportTimeoutMillis: { rule: milliseconds, byDefault: 30_000, variable: 'OTEL_BSP_EXPORT_TIMEOUT' },
  maxConcurrentExports: { rule: count, byDefault: 1, variable: 'OTEL_BSP_MAX_CONCURRENT_EXPORTS' },
  shutdownTimeoutMillis: { rule: milliseconds, byDefault: 30_000 },
};

const RULES = {
  ...(Object.fromEntries(Object.entries(LIMITS).map(([key, limit]) => [key, limit.rule])) as Record<
    Limit,
    Rule
  >),
  meterProvider: rule(
    'a meter provider',
    (value) => typeof (value as Partial<MeterProvider> | null)?.getMeter === 'function',
  ),
};

/** @throws TypeError for a wrong option; a wrong variable is reported and ignored */
export function readBatchOptions(options: BatchOptions | undefined): {
  readonly limits: BatchLimits;
  readonly meterProvider: MeterProvider | undefined;
} {
  const given = readOptions('SerialBatchSpanProcessor', options, RULES, refuse);
  const read = (key: Limit, most = Infinity) => {
    const { byDefault, variable } = LIMITS[key];
    const inForce = Math.min(byDefault, most);
    const asked = given[key] ?? fromEnvironment(variable, LIMITS[key].rule, inForce);
    if (asked === undefined || asked <= most) return asked ?? inForce;
    const name = given[key] === undefined ? variable : `SerialBatchSpanProcessor: option '${key}'`;
    report(`${name} is ${asked}, which is more than the queue takes; ${most} (maxQueueSize) is used`);
    return most;
  };
  // Zero means no limit: https://opentelemetry.io/docs/specs/otel/configuration/common/#timeout
  const timeout = (key: Limit) => read(key) || Infinity;
  const maxQueueSize = read('maxQueueSize');
  const limits = {
    maxQueueSize,
    maxExportBatchSize: read('maxExportBatchSize', maxQueueSize),
    scheduledDelayMillis: read('scheduledDelayMillis'),
    exportTimeoutMillis: timeout('exportTimeoutMillis'),
    maxConcurrentExports: read('maxConcurrentExports'),
    shutdownTimeoutMillis: timeout('shutdownTimeoutMillis'),
  };
  return { limits, meterProvider: given.meterProvider };
}

function fromEnvironment(
  variable: string | undefined,
  { expected, accepts }: Rule,
  inForce: number,
): number | undefined {
  const text = variable && environmentVariable(variable);
  if (!text) return undefined;
  // Decimal digits: `Number` would take '1e3', '0x10' and 'Infinity', too.
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (accepts(value)) return value;
  report(`${variable} is ${inWords(text)}; give ${expected}; ${inForce} is used`);
  return undefined;
}
