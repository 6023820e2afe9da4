import { join } from 'node:path';
import { commandOf } from './installed.ts';
import { ServerHome } from './server-home.ts';
import { type Server, useServer } from './use-server.ts';

interface Redis extends Server {
  /** Of its socket. */
  readonly path: string;
}

/** Starts a Redis on a socket of its own. */
export async function startRedis(): Promise<Redis> {
  const home = new ServerHome('redis');
  const path = join(home.folder, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', home.folder];
  await home.run(commandOf('redis-server')!, settings, { ready: /ready to accept connections/i });
  return { path, stop: home.leave };
}

export const useRedis = () => useServer(startRedis);
