import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test, vi } from 'vitest';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const cache = file('../../node_modules/.cache/oncespan');

test.each(['Nest alone', 'both'])(
  'a process that is told to end while %s listens: hooks are traced, what is live ends as `shutdown` and arrives, and the signal ends the process',
  async (listeners) => {
    vi.useRealTimers();
    await mkdir(cache, { recursive: true });
    // Under `node_modules`, where its imports resolve.
    const folder = await mkdtemp(join(cache, 'nestjs-'));
    const outfile = join(folder, 'child.mjs');
    await build({
      entryPoints: [file('signal-child.ts')],
      outfile,
      bundle: true,
      format: 'esm',
      target: 'es2022',
      packages: 'external',
    });
    const child = spawn(process.execPath, [outfile, listeners], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', (...how) => resolve(how)));
    const said: string[] = [];
    let response: Promise<string> | undefined;
    for await (const line of createInterface(child.stdout)) {
      if (line.startsWith('http')) response = fetch(line).then(String, () => 'cut');
      else if (line === 'reached') child.kill('SIGTERM');
      else said.push(line);
    }
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(await response).toBe('cut');
    const shutdown = '"error":true,"oncespan.outcome":"shutdown","error.type":"shutdown"}';
    expect(said.map((line) => line.replace(/"url\.path".*"node",/, '')).toSorted()).toEqual([
      `GET / {"http.request.method":"GET","http.route":"/",${shutdown}`,
      `HangingController.hang {"http.request.method":"GET","http.route":"/",${shutdown}`,
      'hook {}',
      `job {${shutdown}`,
      `query {${shutdown}`,
    ]);
    await rm(folder, { recursive: true });
  },
);
