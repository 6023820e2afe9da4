import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { flush, liveSpans, startSpan, traceTask, withSpan } from '../src/index.ts';
import { deferred, record, reported, turn } from './harness.ts';

const ABORTED = {
  status: 'ERROR This operation was aborted',
  attributes: { error: true, 'oncespan.outcome': 'aborted', 'error.type': 'AbortError' },
  exceptions: ['AbortError: This operation was aborted'],
};

class Job {
  readonly signal: AbortSignal;
  constructor(signal: AbortSignal) {
    this.signal = signal;
  }
}

const found: [string, (signal: AbortSignal) => unknown[]][] = [
  ['an argument', (signal) => ['id', signal, 'more']],
  ['the first argument’s own property', (signal) => [{ signal }, 'id']],
  ['the last argument’s own property', (signal) => ['id', { signal }]],
  ['an own property of an instance', (signal) => [new Job(signal)]],
  ['an own abortSignal', (signal) => ['payload', { abortSignal: signal }]],
  ['the jobs of an array, which share it', (signal) => [[new Job(signal), new Job(signal)]]],
  ['a Request', (signal) => ['id', new Request('http://localhost/', { signal }), 'more']],
  ['a signal derived from others', (signal) => [AbortSignal.any([signal])]],
];

test.each(found)('a signal is found in %s', (_where, argumentsWith) => {
  const { rows } = record();
  const controller = new AbortController();
  const task = traceTask((..._args: unknown[]) => new Promise(() => {}), 'task');
  void task(...argumentsWith(controller.signal));
  expect(liveSpans()).toHaveLength(1);
  controller.abort();
  expect(rows()).toEqual([{ name: 'task', ...ABORTED }]);
});

/** As in node-abort-controller. */
const gettered = (name: string, members: object) => {
  const target = class {
    get [Symbol.toStringTag]() {
      return name;
    }
  };
  Object.defineProperty(target, 'name', { value: name });
  return Object.assign(new target(), members);
};
const listening = (aborted = true) => ({
  aborted,
  reason: 'enough',
  addEventListener() {},
  removeEventListener() {},
});
const ENOUGH = {
  status: 'ERROR enough',
  attributes: { error: true, 'oncespan.outcome': 'aborted', 'error.type': 'AbortError' },
  exceptions: ['AbortError: enough'],
};

test.each<[string, unknown[]]>([
  ['a signal that a getter tags', [gettered('AbortSignal', listening())]],
  ['a Request that a getter tags', [gettered('Request', { signal: listening() })]],
  [
    'a signal after a Request that has none',
    [gettered('Request', { signal: null }), AbortSignal.abort('enough')],
  ],
  [
    'a signal after a Request whose signal is none',
    [{ [Symbol.toStringTag]: 'Request', signal: 'SIGTERM' }, 'id', { signal: AbortSignal.abort('enough') }],
  ],
])('of other libraries: %s is found', (_what, args) => {
  const { rows } = record();
  traceTask((..._args: unknown[]) => 7, 'task')(...args);
  expect(rows()).toEqual([{ name: 'task', ...ENOUGH }]);
  expect(reported).toEqual([]);
});

test.each<[string, unknown]>([
  ['a Request that has none', gettered('Request', { signal: null })],
  ['a Request whose signal is none', gettered('Request', { signal: {} })],
  [
    'what a getter of an object without a class tags',
    Object.setPrototypeOf(
      {
        get [Symbol.toStringTag]() {
          return 'AbortSignal';
        },
      },
      null,
    ),
  ],
])('of other libraries: %s has no signal, and nothing is said', (_what, argument) => {
  const { rows } = record();
  traceTask((..._args: unknown[]) => 7, 'task')(argument);
  expect(rows()).toEqual([{ name: 'task' }]);
  expect(reported).toEqual([]);
});

test('a signal that is given as one needs no tag', async () => {
  const { rows } = record();
  const signal = listening();
  traceTask(() => 7, { name: 'option', signal })();
  traceTask(() => 7, { name: 'hook', signal: () => signal })();
  expect(rows()).toEqual([
    { name: 'option', ...ENOUGH },
    { name: 'hook', ...ENOUGH },
  ]);
  expect(await flush({ signal })).toEqual({ status: 'aborted', reason: 'enough' });
  expect(reported).toEqual([]);
});

const looked: string[] = [];
const wariness = new Proxy({} as ProxyHandler<object>, {
  get: (_target, trap) => {
    looked.push(String(trap));
    return undefined;
  },
});
const wary = new Proxy({ signal: AbortSignal.abort() }, wariness);

const notFound: [string, unknown[]][] = [
  ['a middle argument’s property', ['id', { signal: AbortSignal.abort() }, 'more']],
  [
    'an array of jobs, each with one of its own',
    [[{ signal: AbortSignal.abort() }, { signal: AbortSignal.abort() }]],
  ],
  ['an array of jobs, not all of which have one', [[{ signal: AbortSignal.abort() }, null]]],
  ['an empty array', [[]]],
  ['an inherited property', [Object.create({ signal: AbortSignal.abort() })]],
  [
    'a getter, which is not run',
    [
      {
        get signal(): AbortSignal {
          throw new Error('ran');
        },
      },
    ],
  ],
  ['something that is called a signal', [{ signal: 'SIGTERM' }, { signal: { aborted: true } }]],
  [
    'a proxy that refuses to be looked at',
    [
      new Proxy(
        {},
        {
          getOwnPropertyDescriptor() {
            throw new Error('refused');
          },
        },
      ),
    ],
  ],
];

test.each(notFound)('no signal is found in %s', (_where, args) => {
  const { rows } = record();
  traceTask((..._args: unknown[]) => 7, 'task')(...args);
  expect(rows()).toEqual([{ name: 'task' }]);
});

test('an argument is looked at, not used: no property of a proxy is read', () => {
  record();
  traceTask((..._args: unknown[]) => 7)('id', wary);
  traceTask((..._args: unknown[]) => 7)(new Proxy([{ signal: AbortSignal.abort() }], wariness));
  expect(looked.filter((trap) => ['get', 'has', 'set', 'ownKeys'].includes(trap))).toEqual([]);
});

test('signal: false looks for none; a function chooses one', () => {
  const { rows } = record();
  const signal = AbortSignal.abort();
  traceTask((_signal: AbortSignal) => 7, { name: 'none', signal: false })(signal);
  traceTask((job: { stop: AbortSignal }) => job, { name: 'chosen', signal: (job) => job.stop })({
    stop: signal,
  });
  expect(rows()).toEqual([{ name: 'none' }, { name: 'chosen', ...ABORTED }]);
});

test('10,000 tasks share one listener on a signal, and leave none', async () => {
  const { spans } = record();
  const { signal } = new AbortController();
  const gate = deferred();
  const task = traceTask((_signal: AbortSignal) => gate.promise, 'task');
  const tasks = Array.from({ length: 10_000 }, () => task(signal));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  expect(liveSpans()).toHaveLength(10_000);
  gate.resolve();
  await Promise.all(tasks);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(spans()).toHaveLength(10_000);
});

test('an abort ends all that share the signal, children before their parents, and leaves no listener', () => {
  const { rows } = record();
  const controller = new AbortController();
  for (const name of ['a', 'b', 'c']) startSpan({ name, signal: controller.signal });
  controller.abort();
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  expect(rows()).toEqual(['c', 'b', 'a'].map((name) => ({ name, ...ABORTED })));
});

test('a task that is started by the abort of the others’ signal ends at once', () => {
  const { rows } = record();
  const controller = new AbortController();
  startSpan({ name: 'first', signal: controller.signal });
  controller.signal.addEventListener(
    'abort',
    () => void withSpan({ name: 'late', signal: controller.signal }, () => 7),
  );
  controller.abort();
  expect(rows()).toEqual([
    { name: 'first', ...ABORTED },
    { name: 'late', ...ABORTED },
  ]);
});

test('a listener of the application on the same signal is not touched', () => {
  record();
  const controller = new AbortController();
  const heard: string[] = [];
  controller.signal.addEventListener('abort', () => heard.push('application'));
  startSpan({ name: 'work', signal: controller.signal }).end();
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
  controller.abort();
  expect(heard).toEqual(['application']);
});

test('an event called abort is not an abort', () => {
  const { rows } = record();
  const { signal } = new AbortController();
  const live = startSpan({ name: 'live', signal });
  signal.dispatchEvent(new Event('abort'));
  expect(liveSpans().map(({ name }) => name)).toEqual(['live']);
  live.end();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(rows()).toEqual([{ name: 'live' }]);
});

test('a flush leaves no listener on its signal, aborted or not', async () => {
  record();
  const { signal } = new AbortController();
  expect(await flush({ signal })).toEqual({ status: 'flushed' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('of several tasks with one signal, whichever settles first, the others end with its abort', async () => {
  for (const settled of [0, 1, 2]) {
    const { rows } = record();
    const controller = new AbortController();
    const works = [deferred(), deferred(), deferred()];
    const task = traceTask((_signal: AbortSignal, index: number) => works[index]!.promise, {
      name: (_signal, index) => `task ${index}`,
    });
    const tasks = works.map((_work, index) => task(controller.signal, index));
    works[settled]!.resolve();
    await tasks[settled];
    controller.abort();
    const aborted = [2, 1, 0].filter((index) => index !== settled).map((index) => `task ${index}`);
    expect(rows().map(({ name, attributes }) => [name, attributes?.['oncespan.outcome']])).toEqual([
      [`task ${settled}`, undefined],
      ...aborted.map((name) => [name, 'aborted']),
    ]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    for (const { resolve } of works) resolve();
    await Promise.all(tasks);
  }
});

test('a span that ends while others hear of the abort waits for nothing more', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  // What is told last, and has ended by then.
  const ends = new Map<string, () => void>();
  const onEnd = ({ name }: { name: string }) => ends.get(name)?.();
  const { rows } = record({
    processors: [{ onStart() {}, onEnd, forceFlush: async () => {}, shutdown: async () => {} }],
  });
  const first = startSpan({ name: 'first', signal, abortGraceMs: 1000 });
  startSpan({ name: 'second', signal });
  ends.set('second', () => first.end());
  controller.abort();
  expect(rows()).toEqual([{ name: 'first' }, { name: 'second', ...ABORTED }]);
  await turn();
  expect(vi.getTimerCount()).toBe(0);
});
