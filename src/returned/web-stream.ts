import { dataProperty } from '../platform/data-property.ts';
import { observeIterator } from './iterator.ts';
import { hearPromise } from './promise.ts';
import { tellBefore, type Replacement, replaceMethod } from './replace-method.ts';
import type { Observe, Reading } from './covered-work.ts';

/** A web `ReadableStream`: the work is the reading, in every way that its own methods offer. It is never locked here. */
export const observeWebStream = (target: object, work: Reading): ReturnType<Observe> => {
  const stream = target as ReadableStream;
  /** What stands for the stream from now on tells of the stream's work. */
  const as = (left = () => work.left()): Reading => ({
    active: work.active,
    hasEnded: () => work.hasEnded(),
    returned: () => work.returned(stream),
    threw: (error) => work.threw(error),
    left,
  });

  const iterate: Replacement = (original, self, args) => {
    const iterator = Reflect.apply(original, self, args) as object;
    const [options] = args as [ReadableStreamIteratorOptions?];
    if (!options?.preventCancel)
      replaceMethod(
        iterator,
        'return',
        tellBefore(() => work.left()),
      );
    observeIterator(iterator, as());
    return iterator;
  };

  const replacements: Partial<Record<keyof ReadableStream | symbol, Replacement>> = {
    getReader(original, self, args) {
      const reader = Reflect.apply(original, self, args) as ReadableStreamDefaultReader;
      observeReader(reader, as());
      return reader;
    },
    values: iterate,
    [Symbol.asyncIterator]: iterate,
    pipeTo(original, self, args) {
      const wasLocked = stream.locked;
      const piped = Reflect.apply(original, self, args) as Promise<unknown>;
      // Refused: nothing is read.
      if (wasLocked || !stream.locked) return piped;
      const { returned, threw } = as();
      return hearPromise(piped, returned, threw) ?? piped;
    },
    pipeThrough(original, self, args) {
      const readable = Reflect.apply(original, self, args) as ReadableStream;
      observeWebStream(readable, as());
      return readable;
    },
    tee(original, self, args) {
      const branches = Reflect.apply(original, self, args) as ReadableStream[];
      let reading = branches.length;
      // The source is cancelled with the last branch.
      const left = () => void (--reading === 0 && work.left());
      for (const branch of branches) observeWebStream(branch, as(left));
      return branches;
    },
    cancel: tellBefore(() => {
      if (!stream.locked) work.left();
    }),
  };
  const undos = Reflect.ownKeys(replacements).map((key) =>
    replaceMethod(stream, key, replacements[key as keyof ReadableStream]!),
  );
  return undos[0] && (() => undos.forEach((undo) => undo?.()));
};

export function isWebStream(value: object): boolean {
  // A polyfill's, and another realm's, too.
  return dataProperty(value, Symbol.toStringTag) === 'ReadableStream';
}

function observeReader(reader: ReadableStreamDefaultReader, work: Reading): void {
  let isReleased = false;
  const cancelled = tellBefore(() => {
    if (!isReleased) work.left();
  });
  const released = tellBefore(() => {
    isReleased = true;
  });
  replaceMethod(reader, 'cancel', cancelled);
  replaceMethod(reader, 'releaseLock', released);
  // Streams count this promise as handled from the start, so listening to it hides nothing.
  reader.closed.then(
    () => work.returned(undefined),
    // Also rejected when the reader lets go of a stream that goes on.
    (error: unknown) => {
      if (!isReleased) work.threw(error);
    },
  );
}
