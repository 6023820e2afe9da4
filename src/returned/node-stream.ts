import { attempt } from '../platform/report.ts';
import { replaceMethod } from './replace-method.ts';
import type { Observe, CoveredWork } from './covered-work.ts';

interface StreamState {
  readonly autoDestroy?: boolean;
  readonly emitClose?: boolean;
}

interface NodeStream {
  readonly closed?: boolean;
  readonly errored?: unknown;
  readonly readableEnded?: boolean;
  readonly writableFinished?: boolean;
  readonly writableLength?: number;
  readonly _readableState?: StreamState;
  readonly _writableState?: StreamState;
}

/**
 * A Node stream: the work is over when it has closed, or failed.
 *
 * It is heard through its `emit`. A listener to `error` would make an error that nobody handles look handled, and any
 * other could be the eleventh, which warns.
 */
export function observeNodeStream(
  target: object,
  work: Pick<CoveredWork, 'returned' | 'threw' | 'left'>,
): ReturnType<Observe> {
  const stream = target as NodeStream;
  const failed = (error: unknown) => (isLeaving(error) ? work.left() : work.threw(error));
  const closed = () => {
    if (stream.errored != null) failed(stream.errored);
    else if (isUnfinished(stream)) work.left();
    else work.returned(stream);
  };
  const undo = replaceMethod(stream, 'emit', (original, self, args) => {
    const [event, error] = args;
    if (event === 'error') failed(error);
    else if (event === 'close') closed();
    else if ((event === 'end' || event === 'finish') && !willClose(stream) && !isUnfinished(stream)) closed();
    return Reflect.apply(original, self, args as never[]);
  });
  if (stream.closed) closed();
  return undo;
}

export function isNodeStream(value: object): boolean {
  // The process's output was out before any call, and never closes.
  if ('_isStdio' in value) return false;
  // Without the states: the requests and responses of `node:http`.
  return '_readableState' in value || '_writableState' in value || 'writableFinished' in value;
}

/** What Node itself destroys a stream with, or throws into an iterator, whose reader leaves early: an abort for no reason. */
export function isLeaving(error: unknown): boolean | undefined {
  return attempt('reading the error of a stream', () => {
    const { code, cause } = error as { code?: unknown; cause?: unknown };
    return code === 'ABORT_ERR' && cause === undefined;
  });
}

function isUnfinished({ readableEnded, writableFinished, writableLength = 0 }: NodeStream): boolean {
  // `for await` destroys what it has read to its end, which leaves a socket's own side open.
  if (readableEnded && writableLength === 0) return false;
  return readableEnded === false || writableFinished === false;
}

function willClose({ _readableState, _writableState }: NodeStream): boolean {
  return [_readableState, _writableState].every((state) => !state || (state.autoDestroy && state.emitClose));
}
