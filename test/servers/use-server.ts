import { afterAll, beforeAll, beforeEach, vi } from 'vitest';

export interface Server {
  stop(): Promise<void>;
}

/** How long a server may take to start or stop, however busy the machine is. */
const HANGS_AFTER_MS = 60_000;

/** A server for the tests of a `describe`, which run on real time: it has to pass for another process. */
export function useServer<S extends Server>(start: () => Promise<S>): Readonly<Omit<S, 'stop'>> {
  const server = {} as S;
  beforeAll(async () => void Object.assign(server, await start()), HANGS_AFTER_MS);
  afterAll(() => server.stop?.(), HANGS_AFTER_MS);
  beforeEach(() => void vi.useRealTimers());
  return server;
}
