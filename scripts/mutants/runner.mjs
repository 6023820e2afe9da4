// Asks slots, and bounds how long they take.
import { fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Without a sign of life for so long, a mutant hangs: no test waits for a clock. */
const SILENCE_MS = 30_000;

/** @param dry whether it is only watched which mutants tests come across */
export function openRunner(sandbox, name, { dry = false } = {}) {
  const slot = join(sandbox, name);
  mkdirSync(slot);
  let child;
  let heard = () => {};

  async function start() {
    child = fork(join(sandbox, 'scripts/mutants/slot.mjs'), [], {
      cwd: sandbox,
      // A group of its own, which is killed as a whole.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        ...process.env,
        ONCESPAN_MUTANTS_SLOT: slot,
        // Each mutant has processes of its own, which load the same again and again.
        NODE_COMPILE_CACHE: join(sandbox, 'compiled'),
        ...(dry && { ONCESPAN_MUTANTS_DRY: '1' }),
      },
    });
    let stderr = '';
    child.stderr.on('data', (text) => (stderr = (stderr + text).slice(-4000)));
    child.on('message', (message) => heard(message));
    const mine = child;
    child.on('exit', () => {
      if (mine === child)
        heard({ answer: { seen: [], errors: [`the slot has ended: ${stderr}`], isGone: true } });
    });
    const { ready, answer } = await next();
    if (ready === undefined) throw new Error(answer.errors[0]);
    return ready;
  }

  function kill() {
    const { pid } = child;
    child = undefined;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }

  /** The next message that is more than a sign of life; `undefined` for one that hangs. */
  function next() {
    return new Promise((resolve) => {
      let timer;
      const restart = () => {
        clearTimeout(timer);
        timer = setTimeout(() => resolve(undefined), dry ? 6 * SILENCE_MS : SILENCE_MS);
      };
      restart();
      heard = (message) => {
        if (message.alive) return restart();
        clearTimeout(timer);
        resolve(message);
      };
    });
  }

  return {
    start,
    kill: () => child && kill(),
    /** @returns what the tests came to, or `{ hangs: true }` */
    async run(asked) {
      if (child === undefined) await start();
      child.send(asked);
      const message = await next();
      if (message === undefined || message.answer.isGone) {
        if (child) kill();
        return message === undefined ? { seen: [], errors: [], hangs: true } : message.answer;
      }
      return message.answer;
    },
  };
}
