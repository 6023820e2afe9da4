import { AsyncLocalStorage } from 'node:async_hooks';
import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { PortableContextManager } from '../src/platform/portable-context-manager.ts';
import { turn } from './harness.ts';

const KEY = createContextKey('mine');
const mine = ROOT_CONTEXT.setValue(KEY, 'mine');

const HOSTS: Record<string, { manager: () => PortableContextManager; followsAwait: boolean }> = {
  'with the module at hand': {
    manager: () => new PortableContextManager({ AsyncLocalStorage }),
    followsAwait: true,
  },
  'with a global AsyncLocalStorage': {
    manager: () => {
      noBuiltinModules();
      vi.stubGlobal('AsyncLocalStorage', AsyncLocalStorage);
      return new PortableContextManager();
    },
    followsAwait: true,
  },
  'with process.getBuiltinModule()': {
    manager: () => new PortableContextManager(),
    followsAwait: true,
  },
  'with none, as in a browser': {
    manager: () => {
      noBuiltinModules();
      return new PortableContextManager();
    },
    followsAwait: false,
  },
};

function noBuiltinModules(): void {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe.each(Object.entries(HOSTS))('%s', (_host, { manager, followsAwait }) => {
  test('a context is active in the call, and not after it', async () => {
    const contexts = manager().enable();
    expect(contexts.active()).toBe(ROOT_CONTEXT);
    const call = function (this: unknown, ...args: unknown[]) {
      return [contexts.active(), this, args];
    };
    expect(contexts.with(mine, call, 'self' as never, 1, 2)).toEqual([mine, 'self', [1, 2]]);
    expect(() =>
      contexts.with(mine, () => {
        throw new RangeError('no');
      }),
    ).toThrow(new RangeError('no'));
    expect(contexts.with(mine, () => contexts.with(ROOT_CONTEXT, () => contexts.active()))).toBe(
      ROOT_CONTEXT,
    );
    const later = contexts.with(mine, async () => {
      await turn();
      return contexts.active();
    });
    expect(contexts.active()).toBe(ROOT_CONTEXT);
    expect(await later).toBe(followsAwait ? mine : ROOT_CONTEXT);
    expect(contexts.disable().active()).toBe(ROOT_CONTEXT);
  });

  test('a function can be bound to a context, and nothing else', () => {
    const contexts = manager();
    const target = {
      call(...args: unknown[]) {
        return [contexts.active(), this, args];
      },
    };
    const call = contexts.bind(mine, target.call);
    expect(call.call(target, 1, 2)).toEqual([mine, target, [1, 2]]);
    expect(contexts.bind(mine, target)).toBe(target);
    expect(contexts.active()).toBe(ROOT_CONTEXT);
  });
});
