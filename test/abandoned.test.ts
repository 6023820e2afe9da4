import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startSpan, traceTask } from '../src/index.ts';
import { deferred, record, type SpanRow, turn } from './harness.ts';

let folder: string;
let script: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'oncespan-'));
  script = join(folder, 'collected.cjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./children/collected.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
});

afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

const failed = (name: string): SpanRow => ({
  name,
  status: 'ERROR collected before it ended',
  attributes: { error: true, 'oncespan.outcome': 'abandoned', 'error.type': 'abandoned' },
});
const left = (name: string): SpanRow => ({ name, attributes: { 'oncespan.outcome': 'abandoned' } });
const untouched = (name: string): SpanRow => ({ name });

describe.each([
  ['as Node 24 keeps contexts', []],
  ['as Node 20 and 22 keep contexts', ['--no-async-context-frame']],
])('in a process of its own, %s', (_how, flags) => {
  test('what nothing can end ends abandoned when it is collected, and nothing else does', async () => {
    const running = promisify(execFile)(process.execPath, ['--expose-gc', ...flags, script]);
    // One that waits for a collection that does not come would go on for ever.
    onTestFinished(() => void running.child.kill('SIGKILL'));
    const { stdout } = await running;
    expect(JSON.parse(stdout)).toEqual({
      abandoned: [
        left('a Node stream'),
        untouched('a builder, left for the next of its chain'),
        left('a generator, left in the middle'),
        left('a generator, never begun'),
        failed('a handle of startSpan'),
        untouched('a lazy thenable, never awaited'),
        failed('a lazy thenable, stuck'),
        failed('a promise'),
        failed('a promise of a subclass'),
        failed('a promise that is awaited'),
        failed('a promise whose derived one is kept'),
        left('a web stream'),
        left('a web stream, stuck'),
        failed('an async function'),
        left('an async generator, never begun'),
        left('an async generator, stuck'),
        left('an observable, never subscribed to'),
        left('an observable, stuck'),
      ],
      live: [
        'a pending promise',
        'a pending async function',
        'a handle of startSpan of which one function is kept',
        'a promise of a subclass that is pending',
        'a query that has led to another',
        'a lazy thenable that is running',
        'an async generator that is being read',
        'an observable that is subscribed to',
        'a web stream that is being read',
      ],
      settled: [
        untouched('a handle of startSpan of which one function is kept'),
        untouched('a lazy thenable that is running'),
        untouched('a pending async function'),
        untouched('a pending promise'),
        untouched('a promise of a subclass that is pending'),
        untouched('a query that has led to another'),
        untouched('a web stream that is being read'),
        untouched('an async generator that is being read'),
        untouched('an observable that is subscribed to'),
      ],
      timers: 0,
      kept: 1,
    });
  });
});

describe('the timer of the watch', () => {
  test('is one, and there only while there are young live spans', async () => {
    record();
    const [one, other] = [deferred(), deferred()];
    void traceTask(() => one.promise)();
    void traceTask(() => other.promise)();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(0);
    void traceTask(() => other.promise)();
    expect(vi.getTimerCount()).toBe(1);
    one.resolve();
    other.resolve();
    await turn();
    await turn();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('stays while spans come and go in one turn', async () => {
    record();
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    const task = traceTask(async () => 7, { flush: 'never' });
    for (let i = 0; i < 100; i++) await task();
    expect(setTimeout).toHaveBeenCalledTimes(1);
    await turn();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is not needed for calls that return a value', () => {
    record();
    traceTask(() => 7, { flush: 'never' })();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not keep a fake clock going for ever', () => {
    record();
    const work = deferred();
    void traceTask(() => work.promise)();
    vi.runAllTimers();
    work.resolve();
  });
});

test('no target is registered before it has been live for a second, and none stays after its end', () => {
  record();
  const register = vi.spyOn(FinalizationRegistry.prototype, 'register');
  const unregister = vi.spyOn(FinalizationRegistry.prototype, 'unregister');
  const work = deferred();
  const controller = new AbortController();
  void traceTask((_signal: AbortSignal) => work.promise, 'work')(controller.signal);
  vi.advanceTimersByTime(1000);
  expect(register).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1000);
  vi.advanceTimersByTime(5000);
  expect(register.mock.calls).toEqual([[work.promise, expect.anything(), expect.anything()]]);
  controller.abort();
  expect(unregister.mock.calls).toEqual([[register.mock.calls[0]![2]]]);
});

async function* two() {
  yield 1;
  yield 2;
}

test('a span that is old when its promise resolves to a stream waits for the stream alone', async () => {
  record();
  const register = vi.spyOn(FinalizationRegistry.prototype, 'register');
  const unregister = vi.spyOn(FinalizationRegistry.prototype, 'unregister');
  const work = deferred<AsyncGenerator<number>>();
  const task = traceTask(() => work.promise, { covers: (numbers) => numbers })();
  vi.advanceTimersByTime(1000);
  vi.advanceTimersByTime(1000);
  work.resolve(two());
  const numbers = await task;
  expect(unregister.mock.calls).toEqual([[register.mock.calls[0]![2]]]);
  await numbers.return(undefined);
});

test('a span that is old when others are young is not watched twice', () => {
  record();
  const old = startSpan('old');
  for (const name of ['a', 'b', 'c']) {
    const young = startSpan(name);
    vi.advanceTimersByTime(1000);
    vi.advanceTimersByTime(1000);
    young.end();
  }
  old.end();
});
