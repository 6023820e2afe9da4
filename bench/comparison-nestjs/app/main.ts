// One application, with one contender in it, led by the process that has started this one.

import { Collector } from './collector.ts';
import { contender, how } from './contender.ts';
import { closeAll, pass, passed } from './gates.ts';
import { takeNotes } from './places.ts';

const collector = new Collector({ hasBackend: process.env.CONTENDER === 'sentry' });
if (process.env.WITHOUT_SDK !== '1') contender.start(collector, how);

// From here on what is loaded is instrumented.
require('reflect-metadata');
const { NestFactory } = require('@nestjs/core');
const { AppModule } = require('./app.module.js');
const { OrdersService, ProbeService } = require('./orders.service.js');

/** Of Nest, whose types are of whichever version there is. */
interface App {
  get(token: unknown): Record<string, Function>;
  close(): Promise<void>;
  getHttpServer(): { address(): { port: number } };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 30));
};

async function createApp(): Promise<App> {
  const { Transport } =
    process.env.APP === 'messages' || process.env.APP === 'hybrid' ? require('@nestjs/microservices') : {};
  const tcp = {
    transport: Transport?.TCP,
    options: { host: '127.0.0.1', port: Number(process.env.TCP_PORT) },
  };
  if (process.env.APP === 'messages') {
    const app = await NestFactory.createMicroservice(AppModule, tcp);
    await app.listen();
    return app;
  }
  const { FastifyAdapter } = how.adapter === 'fastify' ? require('@nestjs/platform-fastify') : {};
  const options = { forceCloseConnections: true };
  const app = await (FastifyAdapter === undefined
    ? NestFactory.create(AppModule, options)
    : NestFactory.create(AppModule, new FastifyAdapter({ forceCloseConnections: true }), options));
  app.enableShutdownHooks();
  if (process.env.APP === 'hybrid') {
    app.connectMicroservice(tcp);
    await app.startAllMicroservices();
  }
  await app.listen(0, '127.0.0.1');
  return app;
}

function probe(app: App): unknown {
  const service = app.get(ProbeService);
  const method = service.many;
  const twice = service.twice(4);
  return {
    twice: twice instanceof Promise ? 'a promise' : twice,
    kept: {
      name: method.name === 'many',
      length: method.length === 2,
      'own properties': (method as { tag?: string }).tag === 'tagged',
      'metadata of a decorator above': Reflect.getMetadata('role', method) === 'above',
      'metadata of a decorator below': Reflect.getMetadata('place', method) === 'below',
    },
  };
}

type Act = (argument: string) => unknown;

const actsOn = (app: App): Record<string, Act> => ({
  async spans() {
    await turns();
    return { spans: collector.spans(), errors: collector.errors, notes: takeNotes() };
  },
  clear() {
    collector.clear();
    closeAll();
    takeNotes();
  },
  pass,
  passed,
  probe: () => probe(app),
  /** What the application does when it is to end. */
  async shutdown() {
    void app.get(OrdersService).wait();
    await app.close();
    await contender.shutdown();
    await turns();
    return collector.spans();
  },
  tick: () => require('./background.js').acts.tick(app),
  emit: () => require('./background.js').acts.emit(app),
});

const told = (error: unknown): string => String((error as Error)?.stack ?? error);

async function serve(): Promise<void> {
  const app = await createApp();
  const acts = actsOn(app);
  process.on('message', async ({ id, act, argument }: { id: number; act: string; argument: string }) => {
    try {
      process.send!({ id, answer: await acts[act](argument) });
    } catch (error) {
      process.send!({ id, failure: told(error) });
    }
  });
  const address = process.env.APP === 'messages' ? undefined : app.getHttpServer().address();
  process.send!({ ready: true, port: address?.port });
}

serve().catch((error: unknown) => process.send!({ failure: told(error) }, () => process.exit(1)));
