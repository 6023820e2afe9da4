import { ConsoleLogger } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import { format } from 'winston';

// Loggers whose lines have the ids of the active trace. Each asks when it writes a line, also in guards, middleware and filters.
// Take the one that you use: oncespan depends on none of them.

/** Backends join logs and traces by these names. */
export function traceIds(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

/** For Nest's own: `NestFactory.create(AppModule, { logger: new TraceLogger({ json: true }) })`. */
export class TraceLogger extends ConsoleLogger {
  protected override getJsonLogObject(...args: Parameters<ConsoleLogger['getJsonLogObject']>) {
    return { ...super.getJsonLogObject(...args), ...traceIds() };
  }

  protected override formatMessage(...args: Parameters<ConsoleLogger['formatMessage']>): string {
    const { trace_id } = traceIds();
    const line = super.formatMessage(...args);
    return trace_id === undefined ? line : `${line.trimEnd()} trace_id=${trace_id}\n`;
  }
}

/** For nestjs-pino: `LoggerModule.forRoot({ pinoHttp: pinoOptions })`. */
export const pinoOptions = { mixin: traceIds };

/** For winston: `createLogger({ format: format.combine(traceFormat(), format.json()) })`. */
export const traceFormat = format((info) => Object.assign(info, traceIds()));
