import { PassThrough } from 'node:stream';
import { Subject } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import { liveSpans, Traced } from '../../src/index.ts';
import { caught, deferred, record, type SpanRow, turn } from '../harness.ts';
import { ABORTED, failure, type Options, reason, RETURNED, threw, TIMED_OUT, ways } from './wrapped.ts';

// Every ending × every kind of object that work can hide behind × every way to wrap, the decorators in both dialects.

const rejects = async (promise: PromiseLike<unknown>) => {
  await expect(Promise.resolve(promise)).rejects.toBe(failure);
};

/** One object, with what its consumer sees to each of its ends. */
interface Work {
  value: object;
  returns: () => unknown;
  throws: () => unknown;
  /** Not for what cannot be left. */
  leaves?: () => unknown;
  /** How it is written when it is left; as `aborted` by default. */
  leftAs?: SpanRow;
}

const kinds: Record<string, () => Work> = {
  'a sync iterator': () => {
    let fails = false;
    const value = (function* () {
      yield 1;
      if (fails) throw failure;
    })();
    value.next();
    return {
      value,
      returns: () => expect([...value]).toEqual([]),
      throws: () => {
        fails = true;
        expect(caught(() => value.next())).toBe(failure);
      },
      leaves: () => expect(value.return()).toEqual({ done: true, value: undefined }),
      leftAs: { name: 'work' },
    };
  },
  'an async iterator': () => {
    const gate = deferred();
    const value = (async function* () {
      yield await gate.promise;
    })();
    const read = async () => {
      for await (const _ of value);
    };
    return {
      value,
      returns: () => (gate.resolve(), read()),
      throws: () => (gate.reject(failure), rejects(read())),
      leaves: () => (gate.resolve(), value.return()),
      leftAs: { name: 'work' },
    };
  },
  'a thenable': () => {
    const gate = deferred();
    const value: PromiseLike<unknown> = { then: (...handlers) => gate.promise.then(...(handlers as [])) };
    return {
      value,
      returns: async () => (gate.resolve(), await value),
      throws: () => (gate.reject(failure), rejects(value)),
    };
  },
  'a promise of a subclass': () => {
    class Tracked extends Promise<unknown> {}
    let settle!: [(value: unknown) => void, (error: unknown) => void];
    const value = new Tracked((...both) => void (settle = both));
    return {
      value,
      returns: async () => (settle[0](7), expect(await value).toBe(7)),
      throws: () => (settle[1](failure), rejects(value)),
    };
  },
  'a promise with methods of its own': () => {
    let settle!: [(value: unknown) => void, (error: unknown) => void];
    const promise = new Promise((...both) => void (settle = both));
    const value = Object.assign(promise, { json: async () => await promise });
    return {
      value,
      returns: async () => (settle[0](7), expect(await value.json()).toBe(7)),
      throws: () => (settle[1](failure), rejects(value.json())),
    };
  },
  'an observable': () => {
    const subject = new Subject();
    const value = subject.asObservable();
    const subscribe = () => value.subscribe({ error: () => {} });
    return {
      value,
      returns: () => (subscribe(), subject.complete()),
      throws: () => (subscribe(), subject.error(failure)),
      leaves: () => subscribe().unsubscribe(),
    };
  },
  'a Node stream': () => {
    const value = new PassThrough();
    value.on('error', () => {});
    return {
      value,
      returns: () => value.resume().end('a'),
      throws: () => value.destroy(failure),
      leaves: () => value.destroy(),
    };
  },
  'a web stream': () => {
    let source!: ReadableStreamDefaultController;
    const value = new ReadableStream({
      start(controller) {
        source = controller;
      },
    });
    return {
      value,
      returns: async () => (source.close(), expect((await value.getReader().read()).done).toBe(true)),
      throws: () => (source.error(failure), rejects(value.getReader().read())),
      leaves: () => value.cancel(),
    };
  },
};

const THREW = threw('TypeError', 'no stock');
const LEFT: SpanRow = { name: 'work', attributes: { 'oncespan.outcome': 'aborted' } };

interface Ending {
  options?: Options;
  drive: (work: Work, controller: AbortController) => unknown;
  expected: (work: Work) => SpanRow;
}

const endings: Record<string, Ending> = {
  returns: { drive: (work) => work.returns(), expected: () => RETURNED },
  throws: { drive: (work) => work.throws(), expected: () => THREW },
  'throws an ignored error': {
    options: { ignoreErrors: TypeError },
    drive: (work) => work.throws(),
    expected: () => ({ name: 'work', attributes: { 'oncespan.outcome': 'ignored' } }),
  },
  'is left': {
    drive: (work) => (work.leaves ?? work.returns)(),
    expected: (work) => (work.leaves ? (work.leftAs ?? LEFT) : RETURNED),
  },
  'is aborted and returns': {
    drive: (work, controller) => (controller.abort(reason), work.returns()),
    expected: () => ABORTED,
  },
  'is aborted and throws': {
    drive: (work, controller) => (controller.abort(reason), work.throws()),
    expected: () => ABORTED,
  },
  'returns and is aborted later': {
    drive: async (work, controller) => {
      await work.returns();
      await turn();
      controller.abort(reason);
    },
    expected: () => RETURNED,
  },
  'throws in the grace period': {
    options: { abortGraceMs: 10 },
    drive: (work, controller) => (controller.abort(reason), work.throws()),
    expected: () => THREW,
  },
  'outlasts its time': {
    options: { timeoutMs: 50 },
    drive: (work) => (vi.advanceTimersByTime(50), work.throws()),
    expected: () => TIMED_OUT,
  },
  'covers the call only': {
    options: { covers: 'call' },
    drive: (work) => work.throws(),
    expected: () => RETURNED,
  },
};

describe.each(Object.entries(ways))('%s', (_way, wrap) => {
  describe.each(Object.entries(kinds))('%s', (_kind, make) => {
    test.each(Object.entries(endings))('%s', async (_ending, { options, drive, expected }) => {
      const { rows } = record();
      const controller = new AbortController();
      const work = make();
      const fn = vi.fn(() => work.value);
      expect(wrap({ signal: controller.signal, ...options }, fn)()).toBe(work.value);
      expect(liveSpans()).toHaveLength(options?.covers === 'call' ? 0 : 1);
      await drive(work, controller);
      await turn();
      expect(rows()).toEqual([expected(work)]);
      expect(fn).toHaveBeenCalledTimes(1);
    });
  });
});

test('generator methods', async () => {
  const { rows } = record();
  class Orders {
    @Traced()
    *ids() {
      yield* [1, 2];
    }

    @Traced()
    async *pages() {
      for (const id of this.ids()) yield { id };
    }
  }
  const orders = new Orders();
  const pages: { id: number }[] = [];
  for await (const page of orders.pages()) pages.push(page);
  expect(pages).toEqual([{ id: 1 }, { id: 2 }]);
  expect(rows()).toEqual([{ name: 'Orders.ids', parent: 'Orders.pages' }, { name: 'Orders.pages' }]);
});
