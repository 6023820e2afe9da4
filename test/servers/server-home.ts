import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** However busy the machine is. */
const HANGS_AFTER_MS = 40_000;

interface RunOptions {
  /** What it writes as soon as it can be used. Without it, its successful end is waited for. */
  readonly ready?: RegExp;
  readonly endedBy?: NodeJS.Signals;
  readonly env?: Readonly<Record<string, string>>;
}

interface HomeOptions {
  /** For servers that refuse to run as root: as `nobody`, where the tests are root's. */
  readonly unprivileged?: boolean;
}

/** A folder in which a server keeps everything, and the processes that run there. Nothing is left of either. */
export class ServerHome {
  readonly folder: string;
  readonly #owner: { uid?: number; gid?: number } = {};
  readonly #running = new Map<ChildProcess, NodeJS.Signals>();

  constructor(name: string, { unprivileged = false }: HomeOptions = {}) {
    this.folder = mkdtempSync(join(tmpdir(), `oncespan-${name}-`));
    if (unprivileged && process.getuid?.() === 0) {
      const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, 'nobody'])));
      this.#owner = { uid: uid!, gid: gid! };
      chownSync(this.folder, uid!, gid!);
    }
    // A run that is broken off calls no hooks.
    process.once('exit', this.#drop);
  }

  /** Starts a command in the folder. If it fails, the error says what it wrote. */
  async run(
    command: string,
    args: readonly string[],
    { ready, endedBy = 'SIGTERM', env }: RunOptions = {},
  ): Promise<void> {
    const child = spawn(command, args, {
      ...this.#owner,
      cwd: this.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.set(child, endedBy);
    let output = '';
    let hangs: NodeJS.Timeout | undefined;
    const isReady = new Promise<void>((resolve, reject) => {
      const fail = (how: string) => reject(new Error(`${command} ${how}:\n${output}`));
      hangs = setTimeout(() => fail('is not ready'), HANGS_AFTER_MS);
      // Read to the end: a full pipe would stop the server.
      const read = (chunk: unknown) => {
        output += String(chunk);
        if (ready?.test(output)) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', (error) => fail(error.message));
      child.once('close', (code) => {
        this.#running.delete(child);
        if (code === 0 && ready === undefined) resolve();
        else fail(`ended with ${code}`);
      });
    });
    try {
      await isReady;
    } catch (error) {
      await this.leave();
      throw error;
    } finally {
      clearTimeout(hangs);
    }
  }

  /** Ends what runs, the last first, and removes the folder. */
  readonly leave = async (): Promise<void> => {
    for (const [child, signal] of [...this.#running].toReversed()) {
      const closed = once(child, 'close');
      if (child.kill(signal)) await closed;
    }
    process.off('exit', this.#drop);
    this.#drop();
  };

  readonly #drop = () => {
    for (const child of this.#running.keys()) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  };
}
