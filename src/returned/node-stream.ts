import { callInContext } from '../platform/context.ts';
import { dataProperty, methodOf, ownDataProperty } from '../platform/data-property.ts';
import { isObject } from '../platform/is-object.ts';
import { attempt } from '../platform/report.ts';
import { atEndOfTurn } from '../platform/timer.ts';
import { hearPromise, isPlainPromise } from './promise.ts';
import { replaceMethod } from './replace-method.ts';
import type { Observe, CoveredWork } from './covered-work.ts';

/** What tells of one side of a stream, in Node's own and in readable-stream; streamx has `null` for a side that is not there. */
interface SideState {
  readonly autoDestroy?: boolean;
  readonly emitClose?: boolean;
  /** Of reading, before there was `readableEnded`. */
  readonly endEmitted?: boolean;
  /** Of writing, before there was `writableFinished`. */
  readonly finished?: boolean;
}

interface NodeStream {
  readonly closed?: boolean;
  readonly errored?: unknown;
  readonly readableEnded?: boolean;
  readonly writableFinished?: boolean;
  readonly writableLength?: number;
  readonly _readableState?: SideState | null;
  readonly _writableState?: SideState | null;
}

/** What an HTTP request that was sent has for its answer, once there is one. */
interface Response {
  readonly complete: boolean;
  readonly errored?: unknown;
}

/** What leads past the events of a stream to a promise, and emits nothing: in the cursors of Mongoose, and in sharp. */
const ANSWER_BY_PROMISE = ['next', 'return', 'eachAsync', 'toBuffer', 'toFile'];

/**
 * A Node stream, or one that is like it: the work is over when it has closed, or failed; where it need not close, when
 * all of its sides have ended.
 *
 * It is heard through its `emit`. A listener to `error` would make an error that nobody handles look handled, and any
 * other could be the eleventh, which warns.
 */
export function observeNodeStream(
  target: object,
  work: Pick<CoveredWork, 'returned' | 'threw' | 'left'> & Partial<Pick<CoveredWork, 'active'>>,
): ReturnType<Observe> {
  const stream = target as NodeStream;
  const { _readableState: reading, _writableState: writing } = stream;
  const isReader = reading != null || stream.readableEnded !== undefined || isFlagged(target, 'readable');
  const isWriter = writing != null || stream.writableFinished !== undefined || !isReader;
  const heard = new Set<unknown>();
  const isUnread = () =>
    isReader && !(heard.has('end') || stream.readableEnded === true || reading?.endEmitted === true);
  const isUnwritten = () =>
    isWriter && !(heard.has('finish') || stream.writableFinished === true || writing?.finished === true);
  const hasStates = (reading ?? writing) != null;
  /** `undefined` of all but a request that was sent. */
  const response = () =>
    hasStates ? undefined : (dataProperty(target, 'res') as Response | null | undefined);
  const isUnfinished = () =>
    // `for await` destroys what it has read to its end, which leaves a socket's own side open.
    isUnread() ||
    (isUnwritten() && !(isReader && stream.writableLength === 0)) ||
    response()?.complete === false;
  const willClose = () =>
    hasStates
      ? [reading, writing].every((state) => state == null || (state.autoDestroy === true && state.emitClose))
      : // When that has been read. A response that is written here need not close: some have no connection.
        response() !== undefined;
  const failed = (error: unknown) => (saysReaderLeft(error) ? work.left() : work.threw(error));
  const closed = () => {
    const error = stream.errored ?? response()?.errored;
    if (error != null) failed(error);
    else if (!isUnfinished()) work.returned(stream);
    else if (stream.errored === null) work.left();
    // One that does not keep its error may tell it after its end.
    else atEndOfTurn(() => work.left());
  };
  const undo = replaceMethod(stream, 'emit', (original, self, args) => {
    const [event, error] = args;
    const isEnd = event === 'end' || event === 'finish';
    if (isEnd) heard.add(event);
    if (event === 'error') failed(error);
    else if (event === 'close' || isDestroyed(event) || (isEnd && !isUnfinished() && !willClose())) closed();
    return Reflect.apply(original, self, args as never[]);
  });
  const answering = 'next' in stream || 'toBuffer' in stream ? ANSWER_BY_PROMISE : [];
  const undos = answering.map((key) =>
    replaceMethod(
      stream,
      key,
      (original, self, args) => {
        const isStep = key === 'next';
        const answer =
          isStep && work.active
            ? callInContext(work.active, original, self, args)
            : Reflect.apply(original, self, args as never[]);
        const answered = (value: unknown) => {
          if (!isStep || isLastStep(value)) work.returned(stream);
        };
        return (isPlainPromise(answer) && hearPromise(answer, answered, failed)) || answer;
      },
      // A loop that is left calls it: without one there would be nothing to hear.
      key === 'return' && 'next' in stream ? async () => ({ done: true }) : undefined,
    ),
  );
  if (stream.closed === true) closed();
  return undo && (() => [undo, ...undos].forEach((out) => out?.()));
}

/** A cursor says `null`, and in a loop nothing but that it is done: what has more to it may be a document. */
function isLastStep(step: unknown): boolean | undefined {
  if (!isObject(step)) return step === null;
  return attempt(
    'reading the step of a stream',
    () => ownDataProperty(step, 'done') === true && Object.keys(step).length === 1,
  );
}

export function isNodeStream(value: object): boolean {
  // The process's output was out before any call, and never closes. Highland's emit only to who listens.
  if ('_isStdio' in value || 'observe' in value || !methodOf(value, 'emit')) return false;
  if (!methodOf(value, 'pipe') && !methodOf(value, 'write')) return false;
  return (
    ['_readableState', '_writableState', 'writableFinished'].some((key) => key in value) ||
    // As streams were before they had states: minipass', and `through`.
    isFlagged(value, 'readable') ||
    isFlagged(value, 'writable')
  );
}

/** What minipass emits instead of `close`. */
function isDestroyed(event: unknown): boolean {
  return typeof event === 'symbol' && event.description === 'destroyed';
}

function isFlagged(stream: object, side: 'readable' | 'writable'): boolean {
  return dataProperty(stream, side) === true;
}

/** What Node itself destroys a stream with, or throws into an iterator, whose reader leaves early: an abort for no reason. */
export function saysReaderLeft(error: unknown): boolean | undefined {
  return attempt('reading the error of a stream', () => {
    const { code, cause } = error as { code?: unknown; cause?: unknown };
    return code === 'ABORT_ERR' && cause === undefined;
  });
}
