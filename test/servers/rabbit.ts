import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { commandOf } from './installed.ts';
import { ServerHome } from './server-home.ts';
import { type Server, useServer } from './use-server.ts';

interface Rabbit extends Server {
  readonly url: string;
}

/** Starts a RabbitMQ that other nodes and their name server know nothing of. */
export async function startRabbit(): Promise<Rabbit> {
  const home = new ServerHome('rabbit');
  const [port, distributionPort, namesPort] = [await freePort(), await freePort(), await freePort()];
  const names = { ERL_EPMD_PORT: String(namesPort) };
  // Else the node starts one that stays.
  await home.run(commandOf('epmd')!, ['-d', '-d', '-address', '127.0.0.1'], {
    ready: /entering the main select/,
    env: names,
  });
  const config = [`listeners.tcp.1 = 127.0.0.1:${port}`, 'log.console = true', 'log.file = false'];
  writeFileSync(join(home.folder, 'rabbitmq.conf'), config.join('\n'));
  await home.run(commandOf('rabbitmq-server')!, [], {
    ready: /startup complete/,
    env: {
      ...names,
      // For the cookie that nodes know each other by.
      HOME: home.folder,
      RABBITMQ_NODENAME: 'oncespan@localhost',
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_MNESIA_BASE: home.folder,
      RABBITMQ_LOG_BASE: home.folder,
      RABBITMQ_CONFIG_FILE: join(home.folder, 'rabbitmq.conf'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home.folder, 'plugins'),
      // The script becomes the node, rather than a parent that does not hear of signals.
      RABBITMQ_ALLOW_INPUT: '1',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput -kernel inet_dist_use_interface {127,0,0,1}',
    },
  });
  return { url: `amqp://127.0.0.1:${port}`, stop: home.leave };
}

export const useRabbit = () => useServer(startRabbit);

/** Below those that systems hand out by themselves, which another test may get before the server has begun to listen. */
async function freePort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!isFree) return freePort();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
