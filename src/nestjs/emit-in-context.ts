import type { Context } from '@opentelemetry/api';
import { activeContext, callInContext } from '../platform/context.ts';
import { parentSpanContext } from '../span/parentage.ts';

type Emit = (...args: never[]) => unknown;

/**
 * Lets all that an emitter tells be heard in `active`, unless it is told in that trace already: a server, which tells of the
 * body and of the connection, knows of no request.
 *
 * By `emit` alone. A context manager would bind each listener, which anybody sees who lists them, and one that was added
 * twice stays when it is removed.
 */
export function emitInContext(active: Context, emitter: object): void {
  const traceId = parentSpanContext(active)?.traceId;
  const { emit: original } = emitter as { readonly emit: Emit };
  const emit = function emit(this: unknown, ...args: never[]): unknown {
    const isInside = parentSpanContext(activeContext())?.traceId === traceId;
    return isInside ? Reflect.apply(original, this, args) : callInContext(active, original, this, args);
  };
  // What lists its keys sees no change.
  Object.defineProperty(emitter, 'emit', { value: emit, writable: true, configurable: true });
}
