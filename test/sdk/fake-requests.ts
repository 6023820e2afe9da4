import { AsyncLocalStorage } from 'node:async_hooks';
import { vi } from 'vitest';
import type { HeldExport, HeldExporter } from './held-exporter.ts';

/** A request to a Worker. When it is over, what it has begun is cut off: no timer of it fires, no export is answered. */
export class FakeRequest {
  isOver = false;
  readonly timers = new Set<ReturnType<typeof setTimeout>>();

  run<R>(act: () => R): R {
    return running.run(this, act);
  }

  end(): void {
    this.isOver = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}

const running = new AsyncLocalStorage<FakeRequest>();

/** What Cloudflare's runtime answers to somebody who begins something outside a request. */
const REFUSAL = 'Disallowed operation called within global scope';

/** From now on, until the end of the test, this process behaves as a Worker does. Its clock is the fake one. */
export function becomeWorker(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const { setTimeout } = globalThis;
  vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
  vi.stubGlobal('setTimeout', (act: () => void, delayMs: number) => {
    const request = running.getStore();
    if (request === undefined) throw new Error(REFUSAL);
    const timer = setTimeout(act, delayMs);
    request.timers.add(timer);
    return timer;
  });
}

/** Has an exporter answer only within the request that exports. */
export function boundToRequests(exporter: HeldExporter): void {
  const held = exporter.export.bind(exporter);
  exporter.export = (spans, answer) => {
    const request = running.getStore();
    if (request === undefined) throw new Error(REFUSAL);
    const answerInTime: HeldExport['answer'] = (result) => request.isOver || answer(result);
    held(spans, answerInTime);
  };
}
