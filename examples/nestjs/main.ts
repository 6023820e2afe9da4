// A little API, traced end to end. Run it with `npm run example:nestjs`; the README beside this file has the requests.

import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { WaterfallSpanExporter } from 'oncespan/console';
import { SerialBatchSpanProcessor, startTracing } from 'oncespan/sdk';
import { AppModule } from './app.module.ts';

const exporter = new WaterfallSpanExporter();
const processor = new SerialBatchSpanProcessor(exporter, { scheduledDelayMillis: 1000 });
// At a signal Nest lets requests come to their ends first, and then has the TracingModule flush.
await startTracing(() => new TracerProvider({ spanProcessors: [processor] }));

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'], forceCloseConnections: true });
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000, '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
