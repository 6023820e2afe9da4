import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { traceTask } from '../../src/index.ts';
import { record, type SpanRow, turn } from '../harness.ts';

// What is written as a plain object, and of no class, is of a kind all the same. Web streams: web-streams.test.ts.

const kinds: Record<string, [() => object, (work: never) => unknown, SpanRow?]> = {
  'a thenable': [
    () => ({ then: (resolve: (value: number) => void) => resolve(7) }),
    async (work: PromiseLike<number>) => void (await work),
  ],
  'an iterator': [
    () => ({
      next: () => ({ done: true, value: undefined }),
      [Symbol.iterator]() {
        return this;
      },
    }),
    (work: Iterator<number>) => void work.next(),
  ],
  'an observable': [
    () => ({
      subscribe(observer: { complete(): void }) {
        observer.complete();
        return { unsubscribe() {} };
      },
      ['@@observable']() {
        return this;
      },
    }),
    (work: { subscribe(observer: object): void }) => work.subscribe({ next() {}, complete() {} }),
  ],
  'a stream': [
    () => ({ ...EventEmitter.prototype, readable: true, pipe() {} }),
    (work: EventEmitter) => void work.emit('close'),
    { name: 'work', attributes: { 'oncespan.outcome': 'aborted' } },
  ],
  'a query': [
    () => ({ toOperationNode() {}, execute: async () => 7 }),
    (work: { execute(): Promise<number> }) => work.execute(),
  ],
};

test.each(Object.entries(kinds))('%s', async (_kind, [make, use, row = { name: 'work' }]) => {
  const { rows } = record();
  const work = traceTask(make, 'work')();
  expect(rows()).toEqual([]);
  await use(work as never);
  await turn();
  expect(rows()).toEqual([row]);
});
