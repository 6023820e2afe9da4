import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';

export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

interface Redis {
  /** Of its socket. */
  readonly path: string;
  stop(): Promise<void>;
}

/** Starts a Redis of its own, that nothing is left of. */
async function startRedis(): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'oncespan-redis-'));
  const path = join(folder, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', folder];
  const server = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  await new Promise<void>((resolve) => {
    server.stdout.on('data', (chunk) => {
      log += String(chunk);
      if (/ready to accept connections/i.test(log)) resolve();
    });
  });
  const stop = async () => {
    server.kill();
    await once(server, 'exit');
    rmSync(folder, { recursive: true });
  };
  return { path, stop };
}

/** One for the tests of a `describe`, which run on real time: it has to pass for a server in another process. */
export function useRedis(): Pick<Redis, 'path'> {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => void vi.useRealTimers());
  return {
    get path() {
      return redis.path;
    },
  };
}
