// A small API, traced end to end. Run it with `npm run example:nestjs`. The README beside this file has requests to try.

import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { WaterfallSpanExporter } from 'oncespan/console';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';
import { AppModule } from './app.module.ts';
import { TraceLogger } from './loggers.ts';
import { stockOptions } from './stock.ts';

const exporter = new WaterfallSpanExporter();
const processor = new SerialBatchSpanProcessor(exporter, { scheduledDelayMillis: 1000 });
// At a signal Nest first lets requests end. Then the TracingModule flushes.
await startTracing(() => new TracerProvider({ spanProcessors: [processor] }));

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'], forceCloseConnections: true });
app.enableShutdownHooks();
app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options: stockOptions });
await app.startAllMicroservices();
await app.listen(process.env['PORT'] ?? 3000, '127.0.0.1');
// Only from now on: what Nest logs while it starts belongs to no trace.
app.useLogger(new TraceLogger({ colors: false }));
console.log(`listening on ${await app.getUrl()}`);
