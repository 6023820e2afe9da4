// A little API, traced end to end. Run it with `npm run example:nestjs`; the README beside this file has the requests.

import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { WaterfallSpanExporter } from 'oncespan/console';
import { AppModule } from './app.module.ts';

const processor = new SimpleSpanProcessor({ exporter: new WaterfallSpanExporter() });
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager());

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'], forceCloseConnections: true });
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000, '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
