import { EventEmitter } from 'node:events';
import * as Bacon from 'baconjs';
import { load } from 'cheerio';
import * as Kefir from 'kefir';
import { MemoryLevel } from 'memory-level';
import { atom } from 'nanostores';
import { createStore } from 'redux';
import { describe, expect, test, vi } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { liveSpans, traceTask } from '../../src/index.ts';
import { record } from '../harness.ts';

// What looks like an observable, an iterator, a promise or a stream and is a value: it works as ever, nothing of it is
// called or read, and the span ends with the call.

const RETURNED = { name: 'work' };

function counter() {
  return createStore((count: number = 0, { type }: { type: string }) => (type === 'add' ? count + 1 : count));
}

/** Has all the methods, and answers for none of the protocols. */
class Emitter extends EventEmitter {
  readable = 'a flag of its own';
}

class LinkedList {
  readonly next: LinkedList | undefined;
  readonly value: number;
  constructor(value: number, next?: LinkedList) {
    this.value = value;
    this.next = next;
  }
  *[Symbol.iterator](): Generator<number> {
    yield this.value;
    if (this.next) yield* this.next;
  }
}

let looks = 0;
const look = { configurable: true, enumerable: true, get: () => void looks++ };
/** Each look at it asks the server. */
class Page {
  items = [1];
}
for (const key of ['then', 'next', 'subscribe', 'emit', 'pipe', 'getReader', 'toArray', Symbol.iterator])
  Object.defineProperty(Page.prototype, key, look);

/** What it is, and what a user does with it. The answer has to be the same as without us. */
const values: Record<string, [() => object, (value: never) => unknown]> = {
  'a Redux store': [
    counter,
    (store: ReturnType<typeof counter>) => {
      const heard: unknown[] = [];
      const leave = store.subscribe(() => heard.push(store.getState()));
      store.dispatch({ type: 'add' });
      leave();
      store.dispatch({ type: 'add' });
      return heard;
    },
  ],
  'a store of Svelte’s': [
    () => ({ subscribe: (run: (value: number) => void) => (run(7), () => 'left') }),
    (store: { subscribe(run: (value: number) => void): () => string }) => {
      const heard: unknown[] = [];
      return [store.subscribe((value) => heard.push(value))(), heard];
    },
  ],
  'a store of nanostores’': [
    () => atom(1),
    (store: ReturnType<typeof atom<number>>) => {
      const heard: unknown[] = [];
      const leave = store.subscribe((...given) => heard.push(given));
      store.set(2);
      leave();
      return heard;
    },
  ],
  'a stream of Bacon’s': [
    () => Bacon.once(7),
    (stream: Bacon.EventStream<number>) => {
      const heard: unknown[] = [];
      const leave = stream.subscribe((event) => heard.push(event.isEnd));
      vi.runAllTimers();
      return [typeof leave, heard];
    },
  ],
  'a stream of Kefir’s': [
    () => Kefir.constant(7),
    (stream: ReturnType<typeof Kefir.constant<number>>) => {
      const heard: unknown[] = [];
      stream.observe({ value: (value) => heard.push(value), end: () => heard.push('end') });
      return heard;
    },
  ],
  'a selection of Cheerio’s': [
    () => load('<ul><li>a<li>b</ul>')('li'),
    (items: ReturnType<ReturnType<typeof load>>) => [items.text(), items.next().text(), [...items].length],
  ],
  'a linked list': [
    () => new LinkedList(1, new LinkedList(2)),
    (list: LinkedList) => [[...list], list.next?.value],
  ],
  'a page with getters': [() => new Page(), (page: Page) => [page.items, looks]],
  'an iterator of abstract-level’s': [
    () => new MemoryLevel().iterator(),
    async (iterator: ReturnType<MemoryLevel['iterator']>) => {
      const step = await iterator.next();
      await iterator.close();
      return step;
    },
  ],
  'an emitter that is no stream': [
    () => new Emitter(),
    (emitter: Emitter) => {
      const heard: unknown[] = [];
      emitter.on('close', (...given) => heard.push(given));
      return [emitter.emit('close', 1, 2), heard];
    },
  ],
  'an object whose then is a value': [() => ({ then: 7 }), (value) => value],
};

describe.each(Object.entries(values))('%s', (_what, [make, use]) => {
  test('is a value, and works as ever', async () => {
    looks = 0;
    const alone = await use(make() as never);
    const { rows } = record();
    const value = traceTask(make, { name: 'work', flush: 'never' })();
    expect(rows()).toEqual([RETURNED]);
    expect(liveSpans()).toEqual([]);
    expect(await use(value as never)).toEqual(alone);
    expect(looks).toBe(0);
    expect(rows()).toEqual([RETURNED]);
  });
});

test('an actor of xstate’s is one of the real observables, and is heard', () => {
  const { rows } = record();
  const machine = createMachine({
    initial: 'on',
    states: { on: { on: { stop: 'off' } }, off: { type: 'final' } },
  });
  const actor = traceTask(() => createActor(machine), { name: 'work', flush: 'never' })();
  const heard: unknown[] = [];
  actor.subscribe({ next: (state) => heard.push(state.value), complete: () => heard.push('complete') });
  actor.subscribe((state) => heard.push(state.status));
  actor.start();
  expect(rows()).toEqual([]);
  actor.send({ type: 'stop' });
  expect(heard).toEqual(['on', 'active', 'off', 'done', 'complete']);
  expect(rows()).toEqual([RETURNED]);
});

test.each<[string, unknown]>([
  ['a function', () => {}],
  ['nothing', undefined],
  ['null', null],
  ['an object that unsubscribes in another way', { close() {} }],
])('what says that it is an observable, and answers subscribe with %s, is a value', (_what, answer) => {
  const { rows } = record();
  const odd = {
    subscribe: (run: (value: number) => void) => (run(7), answer),
    '@@observable'() {
      return this;
    },
  };
  const heard: unknown[] = [];
  const leave = traceTask(() => odd, { name: 'work', flush: 'never' })().subscribe((value) =>
    heard.push(value),
  );
  expect([leave, heard]).toEqual([answer, [7]]);
  expect(rows()).toEqual([RETURNED]);
  expect(Object.keys(odd)).toEqual(['subscribe', '@@observable']);
});
