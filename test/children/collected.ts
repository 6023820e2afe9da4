// Runs alone, with `--expose-gc`: starts work that nothing can end and work that something can, drops what a caller may
// drop, has the collector collect, and prints what became of the spans.

import { PassThrough } from 'node:stream';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { Observable, Subject } from 'rxjs';
import { liveSpans, startSpan, traceTask } from '../../src/index.ts';
import { deferred, record } from '../harness.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const never = () => new Promise<never>(() => {});

/** Prisma's kind: dropped by its own promise as soon as it runs. */
const lazy = (work: () => Promise<unknown>) => ({
  then: (ok: (value: unknown) => unknown, not: (error: unknown) => unknown) => work().then(ok, not),
});

class Builder {
  constructor(readonly rows: number) {}
  limit = (rows: number) => new Builder(rows);
  then(ok: (value: number) => unknown) {
    ok(this.rows);
  }
}

class Cancelable extends Promise<void> {}

class ChainedBuilder {
  rows = 0;
  limit(): ChainedBuilder {
    return new ChainedBuilder();
  }
  then(ok: (value: number) => unknown) {
    ok(this.rows);
  }
}

function* numbers() {
  yield 1;
  yield 2;
}

async function* asyncNumbers() {
  yield 1;
  await never();
}

const kept: unknown[] = [];

const dropped: Record<string, (name: string) => unknown> = {
  'a promise': (name) => traceTask(never, name)(),
  'an async function': (name) =>
    traceTask(async () => {
      await never();
    }, name)(),
  'a promise whose derived one is kept': (name) => kept.push(traceTask(() => never(), name)()),
  'a promise that is awaited': (name) => {
    void (async () => {
      await traceTask(async () => {
        await never();
      }, name)();
    })();
  },
  'a generator, never begun': (name) => void traceTask(numbers, name)(),
  'a generator, left in the middle': (name) => void traceTask(numbers, name)().next(),
  'an async generator, never begun': (name) => void traceTask(asyncNumbers, name)(),
  'an async generator, stuck': (name) => {
    const work = traceTask(asyncNumbers, name)();
    void work.next();
    void work.next();
  },
  'a lazy thenable, never awaited': (name) => void traceTask(() => lazy(never), name)(),
  'a builder, left for the next of its chain': (name) => {
    void (async () => {
      if ((await traceTask(() => new Builder(10), name)().limit(1)) !== 1) throw new Error('it did not run');
    })();
  },
  'a lazy thenable, stuck': (name) => {
    const work = traceTask(() => lazy(never) as object, name)();
    void (async () => {
      await work;
    })();
  },
  'a Node stream': (name) => void traceTask(() => new PassThrough(), name)(),
  'a web stream': (name) => void traceTask(() => new ReadableStream(), name)(),
  'a web stream, stuck': (name) =>
    void traceTask(() => new ReadableStream(), name)()
      .getReader()
      .read(),
  'a handle of startSpan': (name) => {
    const live = startSpan(name);
    void live.run(never);
  },
  'a promise of a subclass': (name) => void traceTask(() => new Cancelable(() => {}), name)(),
  'an observable, never subscribed to': (name) => void traceTask(() => new Observable(), name)(),
  'an observable, stuck': (name) => void traceTask(() => new Observable(() => {}), name)().subscribe(),
};

const release: (() => void)[] = [];

/** Work that something reachable can still end, though the caller holds nothing of it. */
const pending: Record<string, (name: string) => unknown> = {
  'a pending promise': (name) => {
    const { promise, resolve } = deferred();
    release.push(resolve);
    void traceTask(() => promise, name)();
  },
  'a pending async function': (name) => {
    const { promise, resolve } = deferred();
    release.push(resolve);
    void traceTask(async () => {
      await promise;
    }, name)();
  },
  'a handle of startSpan of which one function is kept': (name) => {
    const { end } = startSpan(name);
    release.push(end);
  },
  'a promise of a subclass that is pending': (name) => {
    let settle!: () => void;
    void traceTask(() => new Cancelable((resolve) => (settle = resolve)), name)();
    release.push(settle);
  },
  'a query that has led to another': (name) => {
    const other = traceTask(() => new ChainedBuilder(), name)().limit();
    release.push(() => void other.then(String));
  },
  'a lazy thenable that is running': (name) => {
    const { promise, resolve } = deferred();
    release.push(resolve);
    const work = traceTask(() => lazy(() => promise) as object, name)();
    void (async () => {
      await work;
    })();
  },
  'an async generator that is being read': (name) => {
    const { promise, resolve } = deferred();
    release.push(resolve);
    const work = traceTask(async function* () {
      yield await promise;
    }, name)();
    void (async () => {
      for await (const _ of work);
    })();
  },
  'an observable that is subscribed to': (name) => {
    const subject = new Subject<void>();
    release.push(() => subject.complete());
    traceTask(() => subject.asObservable(), name)().subscribe();
  },
  'a web stream that is being read': (name) => {
    let source!: ReadableStreamDefaultController;
    release.push(() => source.close());
    const work = traceTask(
      () =>
        new ReadableStream({
          start(controller) {
            source = controller;
          },
        }),
      name,
    )();
    void (async () => {
      for await (const _ of work);
    })();
  },
};

async function main() {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  const { rows } = record();
  for (const [name, start] of Object.entries({ ...dropped, ...pending })) start(name);
  await turn();
  while (rows().length < Object.keys(dropped).length) {
    globalThis.gc!();
    await turn();
  }
  // As often again: whatever was to be collected has been.
  for (let i = 0; i < 20; i++) {
    globalThis.gc!();
    await turn();
  }
  const abandoned = rows().toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const live = liveSpans().map(({ name }) => name);
  for (const act of release) act();
  await turn();
  await turn();
  const settled = rows()
    .slice(abandoned.length)
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  process.stdout.write(JSON.stringify({ abandoned, live, settled, kept: kept.length }));
  trace.disable();
}

void main();
