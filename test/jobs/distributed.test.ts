import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hasRedis } from '../servers/installed.ts';
import { RUN_TYPESCRIPT } from './spawn-typescript.ts';

const program = fileURLToPath(new URL('../../examples/distributed/main.ts', import.meta.url));

test.skipIf(!hasRedis)(
  'of four workers, one killed and one stopped, nothing is lost but what the killed one held',
  async ({ signal }) => {
    const args = [...RUN_TYPESCRIPT, program, '120'];
    const env = { ...process.env, NO_COLOR: '1' };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env, signal });
    const said = (what: RegExp) => Number(what.exec(stdout)?.[1]);
    const held = said(/lost with worker-1, which was killed: (\d+)/);
    const endings = ['aborted', 'returned', 'threw'].map((ending) =>
      said(new RegExp(`process orders: ${ending}: (\\d+)`)),
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/\n {2}place order: 120 of 120\n/);
    expect(stdout).toMatch(/\nlost otherwise: 0\nduplicates: 0\n/);
    expect(stdout).toMatch(/\nplace order \(producer\)/);
    // An order's work may be among what is lost, and be done again: no ending is missing that is not accounted for.
    const missing = [20, 80, 20].map((all, index) => all - endings[index]!);
    expect(missing.every((number) => number <= held)).toBe(true);
    expect(said(/traces with every span that was begun: (\d+) of 120/)).toBeGreaterThanOrEqual(120 - held);
  },
);
