import { existsSync, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';

// Servers that tests start for themselves, where they are installed.

/** Where Debian puts commands that its own wrappers on the PATH start for one user only. */
const OFF_THE_PATH = [
  ...globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed(),
  '/usr/lib/rabbitmq/bin',
];

const FOLDERS = [...OFF_THE_PATH, ...(process.env['PATH'] ?? '').split(delimiter)];

/** The path of a command. */
export const commandOf = (name: string): string | undefined =>
  FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));

const has = (...commands: string[]) => commands.every((name) => commandOf(name) !== undefined);

export const hasRedis = has('redis-server');
export const hasPostgres = has('postgres', 'initdb');
export const hasRabbit = has('rabbitmq-server', 'erl', 'epmd');

/** Once for a run of the tests, and before them: what it leaves out. */
export function setup(): void {
  const say = (what: string, server: string) =>
    process.stdout.write(`skipped: ${what}; apt-get install ${server}\n`);
  if (!hasRedis) say('the BullMQ tests and the Redis recipes', 'redis-server');
  if (!hasPostgres) say('the PostgreSQL recipes', 'postgresql');
  if (!hasRabbit) say('the RabbitMQ recipes', 'rabbitmq-server');
}
