import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** For a process of Node: `oncespan` is then this repository's, as it is. */
export const RUN_TYPESCRIPT = ['--import', 'tsx'];

/** Runs a program of this repository in a process of its own, which can send messages. */
export function spawnTypeScript(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(process.execPath, [...RUN_TYPESCRIPT, path, ...args], {
    // Where tsx finds the paths of tsconfig.json.
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

export async function messageOf(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, 'message')) as [unknown];
  return message;
}
