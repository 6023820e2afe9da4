import { commandOf } from './installed.ts';
import { ServerHome } from './server-home.ts';
import { type Server, useServer } from './use-server.ts';

interface Nats extends Server {
  readonly servers: string;
}

/** Starts a NATS on a port of its own. */
export async function startNats(): Promise<Nats> {
  const home = new ServerHome('nats');
  const settings = ['--addr', '127.0.0.1', '--port', '-1'];
  const output = await home.run(commandOf('nats-server')!, settings, { ready: /Server is ready/ });
  const [, servers] = /Listening for client connections on (\S+)/.exec(output)!;
  return { servers: servers!, stop: home.leave };
}

export const useNats = () => useServer(startNats);
