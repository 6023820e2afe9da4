// A Nest application with a request and a job under way, that shuts down when it gets a signal. It says what reaches an
// exporter, and when.
import 'reflect-metadata';
import { writeSync } from 'node:fs';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { withSpan } from '../../src/index.ts';
import { TracingModule } from '../../src/nestjs/index.ts';
import { SerialBatchSpanProcessor, startTracing } from '../../src/sdk/index.ts';

const say = (line: string) => void writeSync(1, `${line}\n`);
const never = () => new Promise<never>(() => {});

@Controller()
class HangingController {
  @Get()
  hang() {
    say('reached');
    return withSpan('query', never);
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [HangingController] })
class AppModule {
  beforeApplicationShutdown?: () => Promise<void>;
}

const processor = new SerialBatchSpanProcessor({
  export(spans, done) {
    for (const { name, attributes } of spans as unknown as { name: string; attributes: object }[])
      say(`${name} ${JSON.stringify(attributes)}`);
    done({ code: 0 });
  },
  shutdown: async () => {},
});
// Nest listens to the signal, too, and raises it once more when it has shut down. Or it alone listens.
const signals = process.argv[2] === 'Nest alone' ? [] : ['SIGTERM'];
await startTracing(() => new TracerProvider({ spanProcessors: [processor] }), { signals });
const app = await NestFactory.create(AppModule, { logger: false, forceCloseConnections: true });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
void withSpan('job', never);
app.get(AppModule).beforeApplicationShutdown = () => withSpan('hook', async () => {});
say(await app.getUrl());
