import { attempt } from '../platform/report.ts';

/**
 * What Nest's exceptions outside HTTP are called: `RpcException`, `WsException` and those that extend them say no more than
 * `Error`. They are known by `getError`, since neither package need be installed.
 *
 * @returns `undefined` for an error that says itself what it is called
 */
export function exceptionName(thrown: unknown): string | undefined {
  return attempt('reading a thrown error', () => {
    if (!(thrown instanceof Error) || thrown.name !== 'Error') return undefined;
    const isNests = typeof (thrown as { getError?: unknown }).getError === 'function';
    return isNests ? thrown.constructor.name : undefined;
  });
}
