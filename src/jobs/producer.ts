import type { SpanContext } from '@opentelemetry/api';
import type { Carrier } from '../options/options.ts';
import { isObject } from '../platform/is-object.ts';
import { attempt } from '../platform/report.ts';
import { holds, traceFields } from '../span/carrier.ts';
import { property } from './property.ts';

/** The carrier in what a job was given: at `headers`, or the data itself. */
export function carrierIn(data: unknown): Carrier | undefined {
  return [property(data, 'headers'), data].find(carriesTrace);
}

function carriesTrace(value: unknown): value is Carrier {
  if (!isObject(value)) return false;
  // Also where no propagator is registered that could read it: who reads it reports that.
  const names = ['traceparent', ...traceFields()];
  return attempt('reading a carrier', () => names.some((name) => holds(value, name))) === true;
}

/**
 * `AWSTraceHeader`, which the services of AWS pass on:
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function fromTraceHeader(header: string | undefined): SpanContext | undefined {
  if (header === undefined) return undefined;
  const fields = new Map(
    header.split(';').map((field) => {
      const [key = '', value = ''] = field.trim().split('=');
      return [key.toLowerCase(), value.toLowerCase()];
    }),
  );
  const [, time, unique] = /^1-([\da-f]{8})-([\da-f]{24})$/.exec(fields.get('root') ?? '') ?? [];
  const [spanId] = /^[\da-f]{16}$/.exec(fields.get('parent') ?? '') ?? [];
  if (time === undefined || unique === undefined || spanId === undefined) return undefined;
  return {
    traceId: time + unique,
    spanId,
    traceFlags: fields.get('sampled') === '1' ? 1 : 0,
    isRemote: true,
  };
}
