import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleLibrary } from './bundle.ts';
import { type ChildOptions, hasNamespaces, runChild } from './run-child.ts';

// Real processes that end in every way, over real OTLP/HTTP. `npm run rounds` does each 50 times.

const ROUNDS = Number(process.env['ROUNDS'] ?? 1);

let bundle: Awaited<ReturnType<typeof bundleLibrary>>;
beforeAll(async () => {
  bundle = await bundleLibrary();
});
afterAll(() => bundle.remove());

const LIMIT = { timeout: ROUNDS * 30_000 };

/** Sends a signal when the first span has ended. */
const atWork = (signal: NodeJS.Signals): ChildOptions => ({ on: { '.': (child) => child.kill(signal) } });

interface Way {
  readonly args: readonly string[];
  readonly act?: ChildOptions;
  readonly code?: number | null;
  readonly signal?: NodeJS.Signals | null;
}

const ways: Record<string, Way> = {
  'SIGTERM in mid-work': { args: ['work'], act: atWork('SIGTERM'), signal: 'SIGTERM' },
  'SIGINT in mid-work': { args: ['work'], act: atWork('SIGINT'), signal: 'SIGINT' },
  'SIGTERM while a library only cleans up at the end': {
    args: ['work while a command runs'],
    act: atWork('SIGTERM'),
    signal: 'SIGTERM',
  },
  'SIGTERM that the application listens to': {
    args: ['listen to the signal', '7'],
    act: atWork('SIGTERM'),
    code: 7,
  },
  'SIGTERM that the application raises once more when it is through': {
    args: ['raise the signal once more'],
    act: atWork('SIGTERM'),
    signal: 'SIGTERM',
  },
  'SIGTERM with a drain': { args: ['work with a drain'], act: atWork('SIGTERM'), signal: 'SIGTERM' },
  'process.exit() after the release': { args: ['exit after the release', '3'], code: 3 },
  'a release that hangs': { args: ['release what hangs', '5'], code: 5 },
  'nothing left to do': { args: ['come to an end', '4'], code: 4 },
};

/** The kernel ignores a signal that PID 1 does not listen to: it exits with the code that stands for the signal. */
const waysOfPid1: Record<string, Way> = {
  'SIGTERM in mid-work': { args: ['work'], act: { ...atWork('SIGTERM'), isPid1: true }, code: 128 + 15 },
  'SIGINT in mid-work': { args: ['work'], act: { ...atWork('SIGINT'), isPid1: true }, code: 128 + 2 },
  'SIGTERM while a library only cleans up at the end': {
    args: ['work while a command runs'],
    act: { ...atWork('SIGTERM'), isPid1: true },
    code: 128 + 15,
  },
};

const expectArrival = async ({ args, act, code = null, signal = null }: Way) => {
  for (let round = 0; round < ROUNDS; round++) {
    const { said, spans, ...how } = await runChild(bundle, 'child.ts', args, act);
    const ended = said.filter((line) => line === '.').length;
    expect(ended).toBeGreaterThan(1);
    expect(spans).toHaveLength(ended);
    expect(how).toEqual({ code, signal, stderr: '', duplicates: 0 });
  }
};

test.each(Object.entries(ways))(
  'ended by %s: every span that ended arrives once, and code and signal are kept',
  LIMIT,
  (_way, way) => expectArrival(way),
);

describe.skipIf(!hasNamespaces)('PID 1 (skipped where unshare is missing or not permitted)', () => {
  test.each(Object.entries(waysOfPid1))(
    'ended by %s: every span that ended arrives once, and the code is the one for the signal',
    LIMIT,
    (_way, way) => expectArrival(way),
  );
});

test('a shutdown that hangs holds the signal up for timeoutMs only', LIMIT, async () => {
  const { code, signal, said } = await runChild(
    bundle,
    'child.ts',
    ['hang at the shutdown', '300'],
    atWork('SIGTERM'),
  );
  expect([code, signal, said.at(-1)]).toEqual([null, 'SIGTERM', 'hung']);
});

test('an uncaught exception ends the process as it does without tracing', LIMIT, async () => {
  const { code, signal, stderr } = await runChild(bundle, 'child.ts', ['throw']);
  expect([code, signal]).toEqual([1, null]);
  expect(stderr).toContain('Error: uncaught');
});
