import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OtlpReceiver } from '../otlp-receiver.ts';
import { bundleLibrary } from './bundle.ts';

// Real processes that end in every way, over real OTLP/HTTP. `npm run rounds` does each 50 times.

const ROUNDS = Number(process.env['ROUNDS'] ?? 1);

let bundle: Awaited<ReturnType<typeof bundleLibrary>>;
beforeAll(async () => {
  bundle = await bundleLibrary();
});
afterAll(() => bundle.remove());

const script = fileURLToPath(new URL('child.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  /** Spans that ended in the child, by its own count. */
  readonly ended: number;
  readonly arrived: number;
  readonly duplicates: number;
}

interface Act {
  /** Called when the first span has ended. */
  onWork?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** Called when the child complains. */
  onComplaint?: (kill: (signal: NodeJS.Signals) => void) => void;
}

async function run(args: string[], { onWork, onComplaint }: Act = {}): Promise<Ended> {
  const receiver = await OtlpReceiver.start();
  const env = {
    ...process.env,
    LIBRARY: bundle.url,
    SDK: '@opentelemetry/sdk-trace',
    RECEIVER: receiver.url,
  };
  const child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (signal: NodeJS.Signals) => void child.kill(signal);
  let ended = 0;
  let stderr = '';
  child.stderr.on('data', (said: Buffer) => {
    stderr += said.toString();
    onComplaint?.(kill);
  });
  child.stdout.on('data', (dots: Buffer) => {
    if (ended === 0) onWork?.(kill);
    ended += dots.length;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once('close', (...how) => resolve(how));
  });
  await receiver.close();
  const { spans, duplicates } = receiver;
  return { code, signal, stderr, ended, arrived: spans.length, duplicates };
}

async function rounds(args: string[], act?: Act): Promise<Ended[]> {
  const all: Ended[] = [];
  for (let round = 0; round < ROUNDS; round++) all.push(await run(args, act));
  return all;
}

const LIMIT = { timeout: ROUNDS * 30_000 };

const ways: [string, string[], Act, { code: number | null; signal: string | null }][] = [
  [
    'SIGTERM in mid-work',
    ['work until a signal'],
    { onWork: (kill) => kill('SIGTERM') },
    { code: null, signal: 'SIGTERM' },
  ],
  [
    'SIGTERM while a library only cleans up at the end',
    ['work while a command runs'],
    { onWork: (kill) => kill('SIGTERM') },
    { code: null, signal: 'SIGTERM' },
  ],
  [
    'SIGINT in mid-work',
    ['work until a signal'],
    { onWork: (kill) => kill('SIGINT') },
    { code: null, signal: 'SIGINT' },
  ],
  [
    'SIGTERM that the application listens to',
    ['listen to the signal', '7'],
    { onWork: (kill) => kill('SIGTERM') },
    { code: 7, signal: null },
  ],
  ['process.exit() after the release', ['exit after the release', '3'], {}, { code: 3, signal: null }],
  ['a release that hangs', ['release what hangs', '5'], {}, { code: 5, signal: null }],
  ['nothing left to do', ['drain', '4'], {}, { code: 4, signal: null }],
];

test.each(ways)(
  'ended by %s: every span that ended arrives once, and code and signal are kept',
  LIMIT,
  async (_way, args, act, end) => {
    for (const { arrived, ended, ...how } of await rounds(args, act)) {
      expect(ended).toBeGreaterThan(1);
      expect(arrived).toBe(ended);
      expect(how).toEqual({ ...end, stderr: '', duplicates: 0 });
    }
  },
);

test('a shutdown that hangs holds the signal up for timeoutMs only', LIMIT, async () => {
  const { code, signal, stderr } = await run(['hang at the shutdown', '300'], {
    onWork: (kill) => kill('SIGTERM'),
  });
  expect([code, signal, stderr]).toEqual([null, 'SIGTERM', 'hung']);
});

test('a second signal is not held up', LIMIT, async () => {
  const { code, signal } = await run(['hang at the shutdown', '3600000'], {
    onWork: (kill) => kill('SIGTERM'),
    onComplaint: (kill) => kill('SIGINT'),
  });
  expect([code, signal]).toEqual([null, 'SIGINT']);
});

test('an uncaught exception ends the process as it does without tracing', LIMIT, async () => {
  const { code, signal, stderr } = await run(['throw']);
  expect([code, signal]).toEqual([1, null]);
  expect(stderr).toContain('Error: uncaught');
});
