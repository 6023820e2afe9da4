import { getEventListeners } from 'node:events';
import { Controller, Get, Module, Param, Sse } from '@nestjs/common';
import { of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { RequestSignal, TracingModule } from '../../src/nestjs/index.ts';
import { recordSpans } from '../../src/testing/index.ts';
import { adapters, serve } from './serve.ts';
import { Stage } from './orders.ts';

let given: AbortSignal[] = [];
let stage = new Stage();

@Controller('signals')
class SignalsController {
  @Get('two')
  two(@RequestSignal() first: AbortSignal, @RequestSignal() second: AbortSignal) {
    given.push(first, second);
    return first.aborted;
  }

  @Sse('stream')
  stream(@RequestSignal() signal: AbortSignal) {
    given.push(signal);
    return of({ data: 'one' });
  }

  @Get('wait/:id')
  wait(@RequestSignal() signal: AbortSignal, @Param('id') _id: string) {
    given.push(signal);
    return stage.wait(signal);
  }
}

@Module({ controllers: [SignalsController] })
class Untraced {}

@Module({ imports: [TracingModule.forRoot(), Untraced] })
class Traced {}

describe.each(adapters)('%s', (_name, adapter) => {
  describe.each([
    ['with the module', Traced],
    ['without it', Untraced],
  ])('%s', (_with, module) => {
    test('each request has one, which does not abort when the response has ended', async () => {
      using _spans = recordSpans();
      given = [];
      await using served = await serve(module, adapter());
      for (const path of ['two', 'two', 'stream'])
        await (await fetch(`${served.url}/signals/${path}`)).text();
      await served.settled();
      expect(given).toHaveLength(5);
      expect(new Set(given).size).toBe(3);
      expect(given.map(({ aborted }) => aborted)).toEqual(given.map(() => false));
      expect(given.flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
      expect(served.listeners.left()).toEqual([]);
    });

    test('it aborts when the client leaves, for that request alone', async () => {
      using _spans = recordSpans();
      given = [];
      stage = new Stage();
      await using served = await serve(module, adapter());
      const clients = [new AbortController(), new AbortController()];
      const responses = clients.map(({ signal }, id) =>
        fetch(`${served.url}/signals/wait/${id}`, { signal }),
      );
      const left = Promise.allSettled(responses);
      await stage.entered(2);
      clients[0]!.abort();
      await new Promise<void>((resolve) => given.forEach((signal) => (signal.onabort = () => resolve())));
      expect(given.map(({ aborted }) => aborted).toSorted()).toEqual([false, true]);
      const { reason } = given.find(({ aborted }) => aborted)! as { reason: DOMException };
      expect([reason.name, reason.message]).toEqual(['AbortError', 'the client has disconnected']);
      clients[1]!.abort();
      await left;
      await served.settled();
      expect(given.map(({ aborted }) => aborted)).toEqual([true, true]);
      expect(served.listeners.left()).toEqual([]);
    });
  });
});
