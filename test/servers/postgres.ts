import { join } from 'node:path';
import { commandOf } from './installed.ts';
import { ServerHome } from './server-home.ts';
import { type Server, useServer } from './use-server.ts';

interface Postgres extends Server {
  /** The folder of its socket, which clients take for a host. */
  readonly host: string;
  /** Of a superuser without a password; there is a database of that name. */
  readonly user: string;
}

/** Starts a PostgreSQL on a socket of its own. */
export async function startPostgres(): Promise<Postgres> {
  const home = new ServerHome('postgres', { unprivileged: true });
  const user = 'postgres';
  const data = join(home.folder, 'data');
  await home.run(commandOf('initdb')!, [
    '--pgdata',
    data,
    '--username',
    user,
    '--auth',
    'trust',
    '--no-sync',
  ]);
  const settings = ['listen_addresses=', `unix_socket_directories=${home.folder}`, 'fsync=off'];
  await home.run(commandOf('postgres')!, ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    ready: /ready to accept connections/,
  });
  // Told to terminate, it waits for its clients. That is needed: a pool that has ended may still be saying goodbye, and a
  // server that hung up on it would make an error for which nobody listens any more.
  return { host: home.folder, user, stop: home.leave };
}

export const usePostgres = () => useServer(startPostgres);
