import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleLibrary } from './bundle.ts';
import { type ChildOptions, hasNamespaces, runChild } from './run-child.ts';

// What signals do to the spans of real processes, over real OTLP/HTTP.

let bundle: Awaited<ReturnType<typeof bundleLibrary>>;
beforeAll(async () => {
  bundle = await bundleLibrary();
});
afterAll(() => bundle.remove());

/** @returns how the process has ended, what it has said, and every span in the order of arrival */
async function run(situation: string, options: ChildOptions) {
  const { code, signal, said, stderr, spans } = await runChild(
    bundle,
    'signal-child.ts',
    [situation],
    options,
  );
  expect(stderr).toBe('');
  return { end: code ?? signal, said, spans: spans.map(({ name, attributes }) => [name, attributes]) };
}

const kill = (signal: NodeJS.Signals): ChildOptions => ({ on: { ready: (child) => child.kill(signal) } });

const SHUTDOWN = { error: true, 'oncespan.outcome': 'shutdown', 'error.type': 'shutdown' };

describe('a signal that others listen to', () => {
  test('ends nothing: live spans go on, new ones are traced, and what ends arrives soon, again and again', async () => {
    const ended = await run('others listen', {
      ...kill('SIGTERM'),
      onArrival: (names, child) => {
        if (names.includes('started after the signal')) child.tell('go on');
        if (names.includes('ended later')) child.tell('end');
      },
    });
    expect(ended).toEqual({
      end: 7,
      said: ['ready', 'heard SIGTERM'],
      spans: [
        ['live at the signal', {}],
        ['started after the signal', {}],
        ['ended later', {}],
      ],
    });
  });

  test('leaves the process to itself until there is nothing left to do', async () => {
    expect(await run('others listen, and there is nothing left to do', kill('SIGTERM'))).toEqual({
      end: 7,
      said: ['ready', 'heard SIGTERM'],
      spans: [['never ended', SHUTDOWN]],
    });
  });

  test('is ours when they raise it once more, and listen no longer', async () => {
    expect(await run('others raise the signal once more', kill('SIGTERM'))).toEqual({
      end: 'SIGTERM',
      said: ['ready', 'heard SIGTERM', 'heard SIGTERM'],
      spans: [
        ['live at the signal', {}],
        ['never ended', SHUTDOWN],
      ],
    });
  });

  test('ends the process when they raise it once more, also where there is nothing left to wait for', async () => {
    const situation = 'others raise the signal once more, with nothing left to do or export';
    expect(await run(situation, kill('SIGTERM'))).toEqual({
      end: 'SIGTERM',
      said: ['ready', 'heard SIGTERM', 'heard SIGTERM'],
      spans: [],
    });
  });
});

describe('a drain', () => {
  const drained = [
    ['job', {}],
    ['next job', {}],
    ['never ended', SHUTDOWN],
  ];

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'at %s brings the work to its end, then what is left ends, then the process',
    async (signal) => {
      expect(await run('drain', kill(signal))).toEqual({
        end: signal,
        said: ['ready', `heard ${signal}`, 'drain'],
        spans: drained,
      });
    },
  );

  test('brings the work to its end while others listen, who end the process', async () => {
    const ended = await run('drain while others listen', {
      on: { ready: (child) => child.kill('SIGTERM'), 'shut down': (child) => child.tell('end') },
    });
    expect(ended).toEqual({
      end: 7,
      said: ['ready', 'heard SIGTERM', 'drain', 'shut down'],
      spans: drained,
    });
  });

  const drainedAndIdle = {
    said: ['ready', 'heard SIGTERM', 'heard SIGTERM', 'hook'],
    spans: [['never ended', SHUTDOWN]],
  };

  test('that leaves nothing to do: signal-exit ends the process by the signal', async () => {
    const ended = await run('drain that leaves nothing to do', kill('SIGTERM'));
    expect(ended).toEqual({ ...drainedAndIdle, end: 'SIGTERM' });
  });

  test.skipIf(!hasNamespaces)(
    'that leaves nothing to do: PID 1 exits with the code for the signal',
    async () => {
      const ended = await run('drain that leaves nothing to do', { ...kill('SIGTERM'), isPid1: true });
      expect(ended).toEqual({ ...drainedAndIdle, end: 128 + 15 });
    },
  );

  test.each([
    ['throws', 'oncespan: drain() failed'],
    ['rejects', 'oncespan: drain() failed'],
  ])('that %s is reported, and no more', async (how, report) => {
    expect(await run(`drain that ${how}`, kill('SIGTERM'))).toEqual({
      end: 'SIGTERM',
      said: ['ready', 'heard SIGTERM', report],
      spans: [['never ended', SHUTDOWN]],
    });
  });

  test('is not waited for by a second signal; what has ended meanwhile has arrived', async () => {
    const ended = await run('drain that hangs', {
      ...kill('SIGTERM'),
      onArrival: (_names, child) => child.kill('SIGINT'),
    });
    expect(ended).toEqual({
      end: 'SIGINT',
      said: ['ready', 'heard SIGTERM', 'heard SIGINT'],
      spans: [['ended in the drain', {}]],
    });
  });
});

describe('the close of a process that has nothing left to do', () => {
  test('is waited for by a signal, which then ends the process', async () => {
    const ended = await run('nothing left to do', {
      onArrival: async (_names, child) => {
        child.kill('SIGTERM');
        await child.hasSaid('heard SIGTERM');
      },
    });
    expect(ended).toEqual({
      end: 'SIGTERM',
      said: ['heard SIGTERM'],
      spans: [['never ended', SHUTDOWN]],
    });
  });

  test('is not waited for by a second one', async () => {
    const ended = await run('nothing left to do', {
      on: { 'heard SIGTERM': (child) => child.kill('SIGINT') },
      onArrival: (_names, child) => {
        child.kill('SIGTERM');
        return new Promise(() => {});
      },
    });
    expect(ended).toEqual({ end: 'SIGINT', said: ['heard SIGTERM', 'heard SIGINT'], spans: [] });
  });
});

test('until the shutdown, work goes on and is traced like any other', async () => {
  const ended = await run('nobody else listens, and work goes on', {
    ...kill('SIGTERM'),
    onArrival: async (names, child) => {
      if (!names.includes('ended before the signal')) return;
      child.tell('go on');
      await child.hasSaid('went on');
    },
  });
  expect(ended).toEqual({
    end: 'SIGTERM',
    said: ['ready', 'heard SIGTERM', 'went on'],
    spans: [
      ['ended before the signal', {}],
      ['live at the signal', {}],
      ['began after the signal', {}],
      ['never ended', SHUTDOWN],
    ],
  });
});

test('an export that hangs holds the signal up for timeoutMs only', async () => {
  const ended = await run('an export that hangs', {
    ...kill('SIGTERM'),
    onArrival: () => new Promise(() => {}),
  });
  expect(ended).toEqual({
    end: 'SIGTERM',
    said: [
      'ready',
      'heard SIGTERM',
      expect.stringMatching(/^oncespan: the tracer provider had not shut down after \d+ ms$/),
      'oncespan: the span processor gave up',
      'oncespan: an export of 1 spans hung',
      'oncespan: a flush failed',
    ],
    spans: [],
  });
});

test('the close at a signal is not waited for by a second one', async () => {
  const ended = await run('nobody else listens', {
    ...kill('SIGTERM'),
    onArrival: (_names, child) => {
      child.kill('SIGINT');
      return new Promise(() => {});
    },
  });
  expect(ended).toEqual({ end: 'SIGINT', said: ['ready', 'heard SIGTERM', 'heard SIGINT'], spans: [] });
});

test('a hook of signal-exit that says it ends the process does so', async () => {
  const ended = await run('a hook of signal-exit ends the process', {
    on: { ready: (child) => child.kill('SIGTERM'), hook: (child) => child.tell('end') },
  });
  expect(ended).toEqual({
    end: 7,
    said: ['ready', 'heard SIGTERM', 'heard SIGTERM', 'hook'],
    spans: [['never ended', SHUTDOWN]],
  });
});

test('a signal that signal-exit does not listen to is left to the one that does', async () => {
  const ended = await run('a signal that signal-exit does not hear', {
    on: { ready: (child) => child.kill('SIGUSR1'), mine: (child) => child.tell('end') },
  });
  expect(ended).toEqual({
    end: 7,
    said: ['ready', 'heard SIGUSR1', 'mine'],
    spans: [['ended later', {}]],
  });
});
