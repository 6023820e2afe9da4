// A program of the project, run with an SDK before it, and asked for what its template answers.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { environment } from './project.mjs';

const LIMIT_MS = 90_000;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Served {
  output = '';
  #child;
  #url;

  static async start(folder, command) {
    const served = new Served();
    const port = await freePort();
    served.#url = `http://127.0.0.1:${port}/`;
    const env = environment({ PORT: String(port), NODE_OPTIONS: `--require=${join(folder, 'tracing.cjs')}` });
    // There, so that its packages are those of the project.
    copyFileSync(join(import.meta.dirname, 'tracing.cjs'), join(folder, 'tracing.cjs'));
    const child = spawn('bash', ['-c', command], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    served.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (served.output += text));
    return served;
  }

  /** Waits until it answers so. */
  async answers(expected) {
    const limit = Date.now() + LIMIT_MS;
    let last;
    while (Date.now() < limit) {
      try {
        last = await (await fetch(this.#url)).text();
        if (last === expected) return;
      } catch (error) {
        last = String(error.cause ?? error);
      }
      if (this.#child.exitCode !== null) break;
      await delay(100);
    }
    throw new Error(`no answer "${expected}" but ${last}\n${this.output}`);
  }

  /** Ends it, and expects its spans. */
  async end(...names) {
    process.kill(-this.#child.pid, 'SIGTERM');
    if (this.#child.exitCode === null) await once(this.#child, 'close');
    console.log(this.output);
    for (const name of names)
      if (!new RegExp(`^ended: .*${name}`, 'm').test(this.output)) throw new Error(`no span ${name}`);
  }
}
