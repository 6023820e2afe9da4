import { type ChildProcess, type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

/** However busy the machine is. */
const HANGS_AFTER_MS = 40_000;

interface RunOptions {
  /** What it writes as soon as it can be used. Without it, its successful end is waited for. */
  readonly ready?: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

interface HomeOptions {
  /** For servers that refuse to run as root: as `nobody`, where the tests are root's. */
  readonly unprivileged?: boolean;
}

/**
 * For a run that is broken off, which calls no hooks. Reads a line for each process of the server; its
 * input ends when we do, however that comes, and then it ends them and removes the folder.
 */
const CARETAKER = `
  while read -r pid; do pids="$pids $pid"; done
  [ -d "$1" ] || exit 0
  kill $pids; sleep 2; kill -KILL $pids; rm -rf "$1"`;

/** A folder in which a server keeps everything, and the processes that run there. Nothing is left of either. */
export class ServerHome {
  readonly folder: string;
  readonly #owner: { uid?: number; gid?: number } = {};
  readonly #caretaker: ChildProcessByStdio<Writable, null, null>;
  readonly #running = new Set<ChildProcess>();

  constructor(name: string, { unprivileged = false }: HomeOptions = {}) {
    this.folder = mkdtempSync(join(tmpdir(), `oncespan-${name}-`));
    if (unprivileged && process.getuid?.() === 0) {
      const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, 'nobody'])));
      this.#owner = { uid: uid!, gid: gid! };
      chownSync(this.folder, uid!, gid!);
    }
    // Detached: else the Ctrl-C that it is there for would end it, too.
    this.#caretaker = spawn('sh', ['-c', CARETAKER, 'caretaker', this.folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#caretaker.unref();
  }

  /** Starts a command in the folder. If it fails, the error says what it wrote. @returns what it has written so far */
  async run(command: string, args: readonly string[], { ready, env }: RunOptions = {}): Promise<string> {
    const child = spawn(command, args, {
      ...this.#owner,
      cwd: this.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    if (ready !== undefined) this.#caretaker.stdin.write(`${child.pid}\n`);
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
      return output;
    } catch (error) {
      await this.leave();
      throw error;
    } finally {
      clearTimeout(hangs);
    }
  }

  /** Ends what runs, the last first, and removes the folder. */
  readonly leave = async (): Promise<void> => {
    for (const child of [...this.#running].toReversed()) {
      const closed = once(child, 'close');
      if (child.kill()) await closed;
    }
    rmSync(this.folder, { recursive: true, force: true });
    // Finds no folder, and so touches nothing.
    this.#caretaker.stdin.end();
  };
}
