import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startSpan, traceTask } from '../src/index.ts';
import { collect, deferred, record, type SpanRow } from './harness.ts';

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
      kept: 1,
    });
  });
});

/** The targets that are registered with a collector from now on. Not by a spy, which would keep what is to be collected. */
function registrations() {
  const { prototype } = FinalizationRegistry;
  const { register } = prototype;
  const targets: object[] = [];
  prototype.register = function (target: object, held: unknown, token?: object) {
    if (token !== undefined) targets.push(target);
    return Reflect.apply(register, this, [target, held, token]);
  };
  onTestFinished(() => void (prototype.register = register));
  const unregister = vi.spyOn(prototype, 'unregister');
  return {
    targets,
    remaining: () => targets.length - unregister.mock.results.filter(({ value }) => value).length,
  };
}

test('the watch needs no timer', async () => {
  record();
  const setTimeout = vi.spyOn(globalThis, 'setTimeout');
  const work = deferred();
  void traceTask(() => work.promise)();
  await traceTask(async () => 7, { flush: 'never' })();
  expect(setTimeout).not.toHaveBeenCalled();
  work.resolve();
});

test('no target is registered before two collections have come, and none stays after the end of its span', async () => {
  record();
  const { targets, remaining } = registrations();
  const work = deferred();
  const controller = new AbortController();
  void traceTask((_signal: AbortSignal) => work.promise, 'work')(controller.signal);
  await collect();
  expect(targets).toEqual([]);
  for (let i = 0; i < 3; i++) await collect();
  expect(targets).toEqual([work.promise]);
  controller.abort();
  expect(remaining()).toBe(0);
});

async function* two() {
  yield 1;
  yield 2;
}

test('a span that is old when its promise resolves to a stream waits for the stream alone', async () => {
  record();
  const { targets, remaining } = registrations();
  const work = deferred<AsyncGenerator<number>>();
  const task = traceTask(() => work.promise, { covers: (numbers) => numbers })();
  for (let i = 0; i < 2; i++) await collect();
  expect(targets).toEqual([work.promise]);
  work.resolve(two());
  const numbers = await task;
  expect(remaining()).toBe(0);
  await numbers.return(undefined);
});

test('a span that is old when others are young is registered once', async () => {
  record();
  const { targets } = registrations();
  const old = deferred();
  void traceTask(() => old.promise)();
  for (let i = 0; i < 3; i++) {
    const young = startSpan('young');
    await collect();
    await collect();
    young.end();
  }
  expect(targets.filter((target) => target === old.promise)).toHaveLength(1);
  old.resolve();
});
