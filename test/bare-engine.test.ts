import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, test, vi } from 'vitest';
import type * as core from '../src/index.ts';
import type { AbortSignalLike } from '../src/index.ts';
import type * as sdk from '../src/sdk/index.web.ts';
import type * as testing from '../src/testing/index.web.ts';

// Older engines and edge runtimes: syntax that a compiler has lowered, and globals that are not there.

const root = fileURLToPath(new URL('..', import.meta.url));

type Library = typeof core & typeof sdk & typeof testing;

/** The library and the API, for a browser: nothing of Node's can be reached, or this fails. */
async function bundle(target: string, useDefineForClassFields: boolean): Promise<string> {
  const { outputFiles, warnings } = await build({
    stdin: {
      contents: ['index.ts', 'sdk/index.web.ts', 'testing/index.web.ts']
        .map((entry) => `export * from './src/${entry}';`)
        .join('\n'),
      resolveDir: root,
    },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'library',
    // As modules are.
    banner: { js: '"use strict";' },
    target,
    tsconfigRaw: { compilerOptions: { useDefineForClassFields } },
  });
  expect(warnings).toEqual([]);
  return outputFiles[0]!.text;
}

/** As in the edge runtime of Next.js, where the one tag of a signal is inherited. */
class Target {
  declare readonly [Symbol.toStringTag]: string;
  static {
    Object.defineProperty(this.prototype, Symbol.toStringTag, { value: 'EventTarget' });
  }
}

class UntaggedSignal extends Target implements AbortSignalLike {
  aborted = false;
  reason: unknown;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener();
    expect(this.#listeners.size).toBe(0);
  }
}

const refuses = () => {
  throw new Error('not in this runtime');
};

/** What is there in some runtimes, and throws when it is used. */
const STUBS = {
  setImmediate: refuses,
  FinalizationRegistry: class {
    register = refuses;
  },
  process: {
    env: new Proxy({}, { get: refuses }),
    on: refuses,
    prependListener: refuses,
    getBuiltinModule: refuses,
  },
};

/** A global object of its own, which has the language and timers, and not even all of that. */
function engineWith(stubs: object): object {
  const global = createContext({ setTimeout, clearTimeout, AbortSignal: UntaggedSignal, ...stubs });
  for (const name of ['FinalizationRegistry', 'WeakRef', 'AggregateError'])
    if (!(name in stubs)) runInContext(`delete globalThis.${name}`, global);
  return global;
}

const evaluate = (code: string, global: object): unknown => runInContext(code, global);

describe.each([
  ['as it is', 'es2022', true],
  ['lowered to generators', 'es2016', true],
  ['lowered to generators, with fields by assignment', 'es2016', false],
] as const)('%s', (_how, target, useDefineForClassFields) => {
  test.each([
    ['next to nothing is there', {}],
    ['what is there throws', STUBS],
  ])('imports and traces where %s', async (_what, stubs) => {
    const global = engineWith(stubs);
    const code = await bundle(target, useDefineForClassFields);
    const { traceTask, recordSpans, startTracing, withSpan, startSpan } = evaluate(
      `${code}; library`,
      global,
    ) as Library;
    const spans = recordSpans();
    const traced = (text: string) =>
      traceTask(evaluate(`(${text})`, global) as () => unknown, { name: text, flush: 'never' });
    const returns = traced('() => 1') as () => number;
    const rejects = traced('async () => { throw new RangeError("no"); }') as () => Promise<never>;
    const yields = traced('function* () { yield 1; }') as () => Iterable<number>;
    const yieldsLater = traced('async function* () { yield 1; }') as () => AsyncIterable<number>;
    expect(withSpan('nests', returns)).toBe(1);
    await expect(rejects()).rejects.toMatchObject({ message: 'no' });
    const live: string[] = [];
    const look = () => spans.live().map(({ name }) => name);
    for (const value of yields()) live.push(`${value}`, ...look());
    for await (const value of yieldsLater()) live.push(`${value}`, ...look());
    expect(live).toEqual(['1', 'function* () { yield 1; }', '1', 'async function* () { yield 1; }']);
    const signal = new UntaggedSignal();
    traceTask((_signal: unknown) => new Promise(() => {}), {
      name: 'aborted',
      abortGraceMs: 5,
      flush: 'never',
    })(signal);
    signal.abort(Object.assign(new Error('stop'), { name: 'AbortError' }));
    vi.advanceTimersByTime(5);
    spans.only([
      { name: 'nests', children: ['() => 1'] },
      { name: 'async () => { throw new RangeError("no"); }', error: 'RangeError: no' },
      'function* () { yield 1; }',
      'async function* () { yield 1; }',
      { name: 'aborted', outcome: 'aborted', error: 'AbortError: stop' },
    ]);
    spans.stop();

    // An instance is held while it has live spans, so that a shutdown finds them.
    const ended: unknown[] = [];
    const span = {
      spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }),
      isRecording: () => true,
      setAttributes: (attributes: object) => void ended.push(attributes),
      setStatus: () => {},
      end: () => void ended.push('end'),
    };
    const provider = { getTracer: () => ({ startSpan: () => span }), shutdown: async () => {} };
    const lease = await startTracing(() => provider as never);
    startSpan('live');
    await lease.release();
    expect(ended).toEqual([{ error: true, 'oncespan.outcome': 'shutdown', 'error.type': 'shutdown' }, 'end']);
    expect(evaluate("globalThis[Symbol.for('oncespan.live-spans')].size", global)).toBe(0);
  });
});

test('timers taken at import are called as functions: as methods of another object those of browsers and Workers throw', async () => {
  const strictly = (timer: (...args: never[]) => unknown) =>
    function (this: unknown, ...args: never[]) {
      if (this !== undefined && this !== evaluate('globalThis', global))
        throw new TypeError('Illegal invocation');
      return timer(...args);
    };
  const global = engineWith({ setTimeout: strictly(setTimeout), clearTimeout: strictly(clearTimeout) });
  const { SerialBatchSpanProcessor } = evaluate(
    `${await bundle('es2022', true)}; library`,
    global,
  ) as Library;
  const exported: unknown[] = [];
  const processor = new SerialBatchSpanProcessor({
    export(spans, answer) {
      exported.push(...spans);
      answer({ code: 0 });
    },
    shutdown: async () => {},
  });
  const span = { spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }) };
  processor.onEnd(span);
  await vi.advanceTimersByTimeAsync(5000);
  expect(exported).toEqual([span]);
});
